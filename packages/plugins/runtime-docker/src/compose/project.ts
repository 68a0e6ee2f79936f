import { randomBytes } from 'node:crypto'
import { describeError } from '@longshore/core'
import type { ApplyContext, Exit, Plan } from '@longshore/core'
import type { Made, Preview } from '@longshore/core/protocol'
import type { OneOffCommand } from '../kind.js'
import { runToEnd } from '../command/to-end.js'
import { composeLabel } from '../container/labels.js'
import { removeNetworks } from '../engine/networks.js'
import { oneOffFault } from '../errors.js'
import { kept, type Applied, type Kind, type Owned, type Tools } from '../kind.js'
import { findCompose, type ComposeBinary } from './binary.js'
import { Calls, escape } from './calls.js'
import type { ComposeRun } from './config.js'
import { freeze, type Frozen } from './freeze.js'
import { mendHalfDone } from './half-done.js'
import { bringImages, type Images } from './images.js'
import { both, judged, type Work } from './judged.js'
import type { Model } from './model.js'
import { oneOffModel, only, partsOf, withBuilders } from './one-off.js'
import { previewOf } from './preview.js'
import { Replacement } from './replacement.js'
import { Variables } from './secrets.js'
import { treeOf } from './tree.js'
import { untilAllWell } from './trial.js'
import { printYaml } from './yaml.js'

/**
 * A service that is a compose project. Everything is resolved, judged, built and pulled before anything is touched; then
 * exactly what was judged is applied, and what did not change is not restarted.
 */
export class ComposeProject implements Kind<ComposeRun> {
  readonly #tools: Tools
  #found: Promise<ComposeBinary> | undefined

  constructor(tools: Tools) {
    this.#tools = tools
  }

  apply(plan: Plan<ComposeRun>, owned: Owned[], context: ApplyContext): Promise<Applied> {
    return this.#open(plan, context, async (work) => ({ made: await this.#bring(work, owned) }))
  }

  /** By Compose, in the project's networks and with its volumes. What the service needs and is not there runs as long as it does. */
  run(command: OneOffCommand<ComposeRun>, owned: Owned[], context: ApplyContext): Promise<Exit> {
    return this.#open(command, context, async (work) => {
      try {
        return await this.#carryOut(work, command, owned)
      } finally {
        await this.#clean(work, command, owned)
      }
    })
  }

  preview(plan: Plan<ComposeRun>, owned: Owned[], context: ApplyContext): Promise<Preview> {
    // Beside whatever is done to the service meanwhile.
    const place = `${plan.service}.${randomBytes(6).toString('hex')}`
    return this.#open(plan, context, (work) => previewOf(this.#tools, work, owned), place)
  }

  async #open<T>(
    plan: Plan<ComposeRun>,
    context: ApplyContext,
    carryOut: (work: Work) => Promise<T>,
    place = plan.service,
  ): Promise<T> {
    const { engine, clock, records } = this.#tools
    const { path: binary } = await this.#compose()
    const variables = await Variables.open(plan.run.env, context.secret)
    const home = records.home(place)
    const calls = await Calls.open({ binary, endpoint: engine.endpoint, clock, plan, home })
    const project = plan.run.project ?? `longshore-${plan.service}`
    try {
      return await carryOut({ plan, context, calls, variables, project, root: treeOf(plan) })
    } catch (error) {
      if (describeError(error).code === 'COMPOSE_MISSING') this.#found = undefined
      throw error
    } finally {
      await calls.close()
    }
  }

  /** Looked for once: asking it for its version takes as long as resolving a project. */
  #compose(): Promise<ComposeBinary> {
    return (this.#found ??= findCompose(this.#tools.config.compose, process.env).catch((error: unknown) => {
      this.#found = undefined
      throw error
    }))
  }

  #images(model: Model, { plan, context, calls, variables }: Work, wanted?: string[]): Promise<Images> {
    const build = (named: Model, services: string[]) => calls.build(named, services, variables, context)
    return bringImages(this.#tools.engine, model, plan, context, build, wanted)
  }

  async #bring(work: Work, owned: Owned[]): Promise<Made> {
    const { plan, context, calls, variables, project, root } = work
    const { engine, records } = this.#tools
    const model = await judged(this.#tools, work)
    const images = await this.#images(model, work)
    const replacement = new Replacement(this.#tools, work, owned)
    const [there, changed] = await both(mendHalfDone(engine, project), replacement.findChanged())
    const frozen = await freeze(model, { plan, root, images: images.ids, variables, there })
    context.signal.throwIfAborted()
    await replacement.begin()
    try {
      await replacement.remove(changed)
      await calls.up(frozen.model, variables, context)
      await untilAllWell({
        ...{ ...this.#tools, ...context, plan, project },
        tail: (service) => calls.tail(project, service, variables, context),
      })
      const { service, deployment, directory, run } = plan
      const record = { version: 1, service, deployment, project, directory, env: run.env, ...frozen } as const
      await records.save(record)
    } catch (error) {
      // Compose only says that it failed: an engine that is away is waited for, and nothing can be brought back meanwhile.
      if (!context.signal.aborted) await engine.version()
      const over = describeError(context.signal.reason).code === 'DEPLOYMENT_STOPPED'
      if (!over) await replacement.undo()
      throw context.signal.aborted ? context.signal.reason : error
    }
    await replacement.finish()
    return madeOf(work, images, frozen)
  }

  async #carryOut(work: Work, command: OneOffCommand<ComposeRun>, owned: Owned[]): Promise<Exit> {
    const { context, calls, variables, root, plan } = work
    const { engine } = this.#tools
    const { grace, began, service, argv } = command
    const whole = await judged(this.#tools, work)
    const parts = partsOf(whole, command, owned)
    const images = await this.#images(whole, work, withBuilders(whole, parts.needed))
    const frozen = await freeze(only(whole, parts.needed), {
      plan,
      root,
      images: images.ids,
      variables,
      there: [],
    })
    const { model, name } = oneOffModel(frozen.model, parts, command)
    // What Compose tells of its steps is not the command's; what it fails by is in its error.
    const quiet = { ...context, output: { write: async () => undefined } }
    try {
      await calls.create(model, variables, quiet)
      const made = await engine.containers(command.labels)
      const own = made.find(({ Labels }) => Labels?.[composeLabel.service] === name)
      const start = () => calls.start(model, variables, quiet)
      return await runToEnd(engine, { ...context, container: own!.Id, start, grace, began })
    } catch (error) {
      if (!context.signal.aborted) await engine.version()
      throw oneOffFault(error, service, argv[0]!)
    }
  }

  /** All that was made for a command goes; the networks too, where nothing of the project is there beside it. */
  async #clean({ project }: Work, command: OneOffCommand, owned: Owned[]): Promise<void> {
    const { engine } = this.#tools
    for (const { Id } of await engine.containers(command.labels)) {
      await engine.stop(Id, command.grace)
      await engine.remove(Id, true)
    }
    const inside = owned.some(({ labels }) => labels[composeLabel.project] === project)
    if (!inside) await removeNetworks(engine, command)
  }
}

function madeOf({ variables }: Work, { made }: Images, { model }: Frozen): Made {
  const resolved = printYaml(variables.show(escape(model)))
  return { images: made, env: [...variables.names], ...kept(resolved) }
}
