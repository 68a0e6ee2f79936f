import type {
  ApplyContext,
  Clock,
  FoundInstance,
  Logger,
  Plan,
  PlacementRef,
  Runtime,
  RuntimeChange,
} from '@longshore/core'
import type { Made } from '@longshore/core/protocol'
import type { Engine } from './client.js'
import type { DockerConfig } from './config.js'
import { stopOrder } from './compose/order.js'
import type { Records } from './compose/records.js'
import { isOnTrial } from './container/body.js'
import { instanceOf, labelsOfHost, labelsOfPlacement } from './container/labels.js'
import { tidyNetworks } from './container/networks.js'
import { removeNetworks } from './engine/networks.js'
import { Retold } from './engine/retold.js'
import type { AppliedServices } from './engine/applied.js'
import { inspectAll } from './engine/inspect.js'
import { watchContainers } from './engine/watch.js'
import { isFault, upLate } from './errors.js'
import { isUp, type ContainerSummary } from './schema.js'

export interface Tools {
  engine: Engine
  clock: Clock
  log: Logger
  host: string
  config: DockerConfig
  records: Records
  /** Longshore's own data folder, which no container gets. */
  data?: string
  applied: AppliedServices
}

/** A container of a service, in whatever state, with the deployment that made it. */
export interface Owned extends FoundInstance {
  running: boolean
  /** It was not kept yet: it is being tried, or that was broken off. */
  trial: boolean
  labels: Readonly<Record<string, string>>
}

/** How services of one kind come up. What runs is found, watched and ended alike for every kind. */
export interface Kind<Run = any> {
  /** Brings the plan up in place of `owned`: everything that is there of the placement. The signal has the plan's deadline. */
  apply(plan: Plan<Run>, owned: Owned[], context: ApplyContext): Promise<Made | void>
}

/** Runs services on one Docker engine. It is one object for all kinds: a service may change its kind. */
export class DockerRuntime implements Runtime<{ kind: string }> {
  readonly supports = { keepsOld: true }
  readonly #tools: Tools
  readonly #kinds: Readonly<Record<string, Kind>>
  /** What goes on for another deployment than the one that started it. */
  readonly #retold = new Retold<RuntimeChange>()
  /** The end of each service's last call: calls for one service take turns. */
  readonly #turns = new Map<string, Promise<unknown>>()

  constructor(tools: Tools, kinds: Readonly<Record<string, Kind>>) {
    this.#tools = tools
    this.#kinds = kinds
  }

  apply(plan: Plan<{ kind: string }>, context: ApplyContext): Promise<Made | void> {
    return this.#turn(plan.service, () => this.#noted(plan, () => this.#inTime(plan, context)))
  }

  async #inTime(plan: Plan<{ kind: string }>, context: ApplyContext): Promise<Made | void> {
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(upLate(plan.service, plan.timeout)), plan.timeout)
    const signal = AbortSignal.any([context.signal, late.signal])
    try {
      signal.throwIfAborted()
      return await this.#apply(plan, { ...context, signal })
    } finally {
      clearTimeout(timer)
    }
  }

  end(placement: PlacementRef, { signal }: ApplyContext): Promise<void> {
    return this.#turn(placement.service, async () => {
      const { engine, records, applied } = this.#tools
      for (const layer of stopOrder(await this.#of(placement))) {
        signal.throwIfAborted()
        await Promise.all(
          layer.map(async ({ instance }) => engine.retire(instance, await this.#grace(instance))),
        )
      }
      await removeNetworks(engine, placement)
      await tidyNetworks(engine, placement)
      await records.remove(placement)
      await applied.forget(placement.service)
    })
  }

  async #apply(plan: Plan<{ kind: string }>, context: ApplyContext): Promise<Made | void> {
    const { service, host, deployment } = plan
    const made = await this.#kinds[plan.run.kind]!.apply(plan, await this.#of(plan), context)
    for (const { instance, name, running, deployment: before } of await this.#of(plan))
      if (running && before !== deployment)
        this.#retold.add({ service, host, instance, name, deployment, kind: 'started', adopted: true })
    return made
  }

  /** What came of it is what there shall be. */
  async #noted<T>(plan: PlacementRef, apply: () => Promise<T>): Promise<T> {
    const { engine, applied } = this.#tools
    const { service } = plan
    await applied.begin(service)
    try {
      const made = await apply()
      await applied.done(service, await inspectAll(engine, plan))
      return made
    } catch (error) {
      // While the engine is away nothing is known to have been brought back.
      await applied.failed(service, await inspectAll(engine, plan).catch(() => []))
      throw error
    }
  }

  async find(): Promise<FoundInstance[]> {
    const { engine, host, records } = this.#tools
    await records.open()
    const all = (await engine.containers(labelsOfHost(host))).filter(isUp).flatMap(found)
    return all.map((instance) => ({ ...instance, deployment: records.deploymentOf(instance) }))
  }

  async uses(placement: PlacementRef): Promise<string[]> {
    const { records } = this.#tools
    await records.open()
    return records.foldersOf(await this.#of(placement))
  }

  async *watch(signal: AbortSignal): AsyncGenerator<RuntimeChange, void> {
    const { records } = this.#tools
    await records.open()
    const changes = this.#retold.with((end) => watchContainers(this.#tools, end), signal)
    for await (const change of changes)
      yield 'instance' in change ? { ...change, deployment: records.deploymentOf(change) } : change
  }

  async #turn<T>(service: string, work: () => Promise<T>): Promise<T> {
    await this.#tools.records.open()
    const noted = () => this.#tools.applied.work(service, work)
    const turn = (this.#turns.get(service) ?? Promise.resolve()).then(noted, noted)
    this.#turns.set(service, turn)
    try {
      return await turn
    } finally {
      if (this.#turns.get(service) === turn) this.#turns.delete(service)
    }
  }

  async #of(placement: PlacementRef): Promise<Owned[]> {
    const all = await this.#tools.engine.containers(labelsOfPlacement(placement))
    return all.flatMap((each) =>
      found(each).map((instance) => ({
        ...instance,
        running: isUp(each),
        trial: each.Names.some(isOnTrial),
        labels: each.Labels ?? {},
      })),
    )
  }

  /** Milliseconds between SIGTERM and SIGKILL, as they were declared when it was started. */
  async #grace(instance: string): Promise<number> {
    const { Config } = await this.#tools.engine.inspect(instance).catch((error: unknown) => {
      if (isFault(error, 'missing')) return { Config: { StopTimeout: 0 } }
      throw error
    })
    return (Config.StopTimeout ?? 10) * 1_000
  }
}

function found({ Id, Labels }: ContainerSummary): FoundInstance[] {
  const instance = instanceOf(Id, Labels)
  return instance ? [instance] : []
}
