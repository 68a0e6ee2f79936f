import { deadline, describeError } from '@longshore/core'
import type { ApplyContext, Plan } from '@longshore/core'
import type { Difference } from '@longshore/core/protocol'
import { differencesOf } from '../engine/differences.js'
import { inspectAll } from '../engine/inspect.js'
import { removeNetworks } from '../engine/networks.js'
import type { Owned, Tools } from '../kind.js'
import type { Calls } from './calls.js'
import type { ComposeRun } from './config.js'
import { mendHalfDone } from './half-done.js'
import { stopOrder } from './order.js'
import type { ProjectRecord } from './records.js'
import { Variables } from './secrets.js'
import { composeLabel } from '../container/labels.js'

/** Milliseconds that bringing the old project back may take: the deployment's own time may be over. */
const patience = 120_000
const grace = 10_000
/** Differences that only another container mends. */
const anew = new Set(['image', 'config', 'extra', 'paused', 'unhealthy'])

interface Work {
  plan: Plan<ComposeRun>
  context: ApplyContext
  calls: Calls
  project: string
}

/** What ran before a project was brought up, and how it comes back when that fails. */
export class Replacement {
  readonly #tools: Tools
  readonly #work: Work
  /** What runs of the service outside of this project: of another kind, or under another project's name. */
  readonly #outside: Owned[]
  /** What the project was at, with its variables: opened before anything is touched, since a store may be away later. */
  readonly #before: ProjectRecord | undefined
  #variables: Variables | undefined

  constructor(tools: Tools, work: Work, owned: readonly Owned[]) {
    this.#tools = tools
    this.#work = work
    const inside = (project: string) => (each: Owned) => each.labels[composeLabel.project] === project
    this.#outside = owned.filter((each) => !inside(work.project)(each))
    const record = tools.records.get(work.plan.service)
    const runs =
      record && owned.some((each) => inside(record.project)(each) && each.deployment <= record.deployment)
    this.#before = runs ? record : undefined
  }

  /** Makes room: what runs outside of the project may hold its ports. */
  async begin(): Promise<void> {
    const { engine } = this.#tools
    const { context } = this.#work
    if (this.#before) {
      this.#variables = await Variables.open(this.#before.env, context.secret).catch(
        async (error: unknown) => {
          const { reason } = describeError(error)
          await this.#note(`if this fails, what ran before cannot be brought back: ${reason}`)
          return undefined
        },
      )
    }
    for (const layer of stopOrder(this.#outside.filter(({ running }) => running)))
      await Promise.all(layer.map(({ instance }) => engine.stop(instance, grace)))
  }

  /** Compose takes a container for the right one by its labels: what somebody changed of one since, it does not see. */
  async findChanged(): Promise<Difference[]> {
    const { engine, applied } = this.#tools
    const { plan } = this.#work
    const before = applied.before(plan.service)
    if (!before) return []
    const all = differencesOf(before, await inspectAll(engine, plan))
    return all.filter(({ what, instance }) => anew.has(what) && instance !== undefined)
  }

  /** What differs goes, for Compose to make it anew. */
  async remove(changed: Difference[]): Promise<void> {
    const { engine } = this.#tools
    const gone = new Set<string>()
    for (const { instance, say } of changed) {
      if (gone.has(instance!)) continue
      gone.add(instance!)
      await this.#note(`${say}: it is made anew`)
      await engine.retire(instance!, grace)
    }
  }

  /** Everything of the new deployment goes, and what ran before runs again, from the images that it had. */
  async undo(): Promise<void> {
    const { engine, log } = this.#tools
    const { plan, calls, context, project } = this.#work
    const late = { ...context, signal: deadline(patience) }
    try {
      if (this.#before?.project !== project || !this.#variables) await this.#removeNew()
      if (this.#before && this.#variables) {
        await this.#note(`the project of deployment ${this.#before.deployment} is brought back`)
        await mendHalfDone(engine, this.#before.project)
        await calls.up(this.#before.model, this.#variables, late)
      }
      const running = this.#outside.filter((each) => each.running)
      for (const layer of stopOrder(running).reverse())
        await Promise.all(layer.map(({ instance }) => engine.start(instance)))
    } catch (error) {
      const { code, reason } = describeError(error)
      log.error({ error, service: plan.service }, 'what ran before could not be brought back')
      await this.#note(`what ran before could not be brought back: ${code}: ${reason}`)
    }
  }

  /** The new project runs: what it replaced goes. */
  async finish(): Promise<void> {
    const { engine } = this.#tools
    for (const { instance } of this.#outside) await engine.remove(instance)
    await removeNetworks(engine, this.#work.plan, this.#work.project)
  }

  async #removeNew(): Promise<void> {
    const { engine } = this.#tools
    const { plan, project } = this.#work
    const labels = { 'longshore.service': plan.service, 'longshore.host': plan.host }
    for (const { Id } of await engine.containers({ ...labels, 'longshore.deployment': plan.deployment }))
      await engine.remove(Id)
    const left = await engine.containers({ ...labels, [composeLabel.project]: project })
    if (left.length === 0) await removeNetworks(engine, plan, this.#before?.project)
  }

  #note(line: string): Promise<void> {
    return this.#work.context.output.write('note', `${line}\n`)
  }
}
