import { relative } from 'node:path'
import { describeError } from '@longshore/core'
import type { ApplyContext, Plan } from '@longshore/core'
import type { Made } from '@longshore/core/protocol'
import { composeLabel } from '../container/labels.js'
import { policyRefused } from '../errors.js'
import { policyHost } from '../policy.js'
import type { Kind, Owned, Tools } from '../runtime.js'
import { findCompose, type ComposeBinary } from './binary.js'
import { Calls, escape } from './calls.js'
import type { ComposeRun } from './config.js'
import { projectTaken } from './errors.js'
import { checkExposure } from './exposure.js'
import { refuseForeign } from './foreign.js'
import { FileCheck, findFiles } from './files.js'
import { freeze, type Frozen } from './freeze.js'
import { mendHalfDone } from './half-done.js'
import { bringImages, type Images } from './images.js'
import type { Model } from './model.js'
import { judgeModel } from './policy.js'
import { Replacement } from './replacement.js'
import type { Refuse } from './rules.js'
import { Variables } from './secrets.js'
import { treeOf } from './tree.js'
import { untilAllWell } from './trial.js'
import { printYaml } from './yaml.js'

/** Characters of the resolved project that a deployment keeps. */
const mostResolved = 262_144

/** One deployment at work. */
interface Work {
  plan: Plan<ComposeRun>
  context: ApplyContext
  calls: Calls
  variables: Variables
  project: string
  root: string
}

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

  async apply(plan: Plan<ComposeRun>, owned: Owned[], context: ApplyContext): Promise<Made> {
    const { engine, clock, records } = this.#tools
    const { path: binary } = await this.#compose()
    const variables = await Variables.open(plan.run.env, context.secret)
    const home = records.home(plan.service)
    const calls = await Calls.open({ binary, endpoint: engine.endpoint, clock, plan, home })
    const project = plan.run.project ?? `longshore-${plan.service}`
    try {
      return await this.#bring({ plan, context, calls, variables, project, root: treeOf(plan) }, owned)
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

  async #bring(work: Work, owned: Owned[]): Promise<Made> {
    const { plan, context, calls, variables, project, root } = work
    const { engine, records } = this.#tools
    const [model] = await both(this.#resolve(work), this.#refuseStrangers(work))
    const build = (named: Model, services: string[]) => calls.build(named, services, variables, context)
    const images = await bringImages(engine, model, plan, context, build)
    const there = await mendHalfDone(engine, project)
    const frozen = await freeze(model, { plan, root, images: images.ids, variables, there })
    context.signal.throwIfAborted()
    const replacement = new Replacement(this.#tools, work, owned)
    await replacement.begin()
    try {
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

  /** Nothing of a project is touched that somebody else made. */
  async #refuseStrangers({ plan, project }: Work): Promise<void> {
    const { engine, host } = this.#tools
    const labels = { [composeLabel.project]: project }
    const [containers, volumes, networks] = await Promise.all([
      engine.containers(labels),
      engine.volumes(labels),
      engine.networks(labels),
    ])
    const all = [
      ...containers.map(({ Names, Labels }) => ({ what: `the container ${Names[0]?.slice(1)}`, Labels })),
      ...volumes.map(({ Name, Labels }) => ({ what: `the volume ${Name}`, Labels })),
      ...networks.map(({ Name, Labels }) => ({ what: `the network ${Name}`, Labels })),
    ]
    const other = all.find(({ Labels }) => !isOf(Labels, plan.service, host))
    if (other) throw projectTaken(project, other.what)
  }

  /** The project as Compose understands it, once nothing in its files leads anywhere it must not. */
  async #resolve({ plan, context, calls, variables, project, root }: Work): Promise<Model> {
    const { run, directory } = plan
    const files = await findFiles(directory, run.files)
    const names = files.map((file) => relative(directory, file)).join(', ')
    const refuse: Refuse = (rule, what) => {
      if (!run.allow.includes(rule)) throw policyRefused(rule, `${what}, in ${names}`)
    }
    const given = { ...variables.standIns, ...plan.env }
    await new FileCheck({ root, directory, variables: given, refuse }).check(files)
    const model = await calls.resolve({ project, files, profiles: run.profiles }, variables, context)
    judgeModel(model, { ...policyHost(this.#tools), root, refuse })
    checkExposure(model, variables, refuse)
    await refuseForeign(this.#tools.engine, model, plan, refuse)
    for (const [name, { ports }] of Object.entries(model.services))
      for (const { published, host_ip } of ports ?? [])
        if (published && !host_ip)
          await context.output.write(
            'note',
            `${name} publishes the port ${published} on every address of this host\n`,
          )
    return model
  }
}

/** At the same time, and to the end of both: nothing is at work any more when this rejects. */
async function both<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b])
  return [await a, await b]
}

function isOf(labels: Record<string, string> | null | undefined, service: string, host: string): boolean {
  return labels?.['longshore.service'] === service && labels['longshore.host'] === host
}

function madeOf({ variables }: Work, { made }: Images, { model }: Frozen): Made {
  const resolved = printYaml(variables.show(escape(model)))
  return {
    images: made,
    env: [...variables.names],
    ...(resolved.length <= mostResolved && { resolved }),
  }
}
