import { LongshoreError } from '@longshore/core'
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
import type { Engine } from './client.js'
import type { DockerConfig } from './config.js'
import { instanceOf, labelsOfHost, labelsOfPlacement } from './container/labels.js'
import { watchContainers } from './engine/watch.js'
import { isUp, type ContainerSummary } from './schema.js'

export interface Tools {
  engine: Engine
  clock: Clock
  log: Logger
  host: string
  config: DockerConfig
}

/** A container of a service, in whatever state. */
export interface Owned extends FoundInstance {
  running: boolean
}

/** How services of one kind come up. What runs is found, watched and ended alike for every kind. */
export interface Kind<Run = any> {
  /** Brings the plan up in place of `owned`: everything that is there of the placement. The signal has the plan's deadline. */
  apply(plan: Plan<Run>, owned: Owned[], context: ApplyContext): Promise<void>
}

/** Runs services on one Docker engine. It is one object for all kinds: a service may change its kind. */
export class DockerRuntime implements Runtime<{ kind: string }> {
  readonly supports = { keepsOld: true }
  readonly #tools: Tools
  readonly #kinds: Readonly<Record<string, Kind>>
  /** The end of each service's last call: calls for one service take turns. */
  readonly #turns = new Map<string, Promise<unknown>>()

  constructor(tools: Tools, kinds: Readonly<Record<string, Kind>>) {
    this.#tools = tools
    this.#kinds = kinds
  }

  apply(plan: Plan<{ kind: string }>, context: ApplyContext): Promise<void> {
    return this.#turn(plan.service, async () => {
      const signal = AbortSignal.any([context.signal, AbortSignal.timeout(plan.timeout)])
      signal.throwIfAborted()
      await this.#kinds[plan.run.kind]!.apply(plan, await this.#of(plan), { ...context, signal })
    })
  }

  end(placement: PlacementRef, { signal }: ApplyContext): Promise<void> {
    return this.#turn(placement.service, async () => {
      const { engine } = this.#tools
      for (const { instance } of await this.#of(placement)) {
        signal.throwIfAborted()
        await engine.stop(instance, await this.#grace(instance))
        await engine.remove(instance)
      }
    })
  }

  async find(): Promise<FoundInstance[]> {
    const { engine, host } = this.#tools
    return (await engine.containers(labelsOfHost(host))).filter(isUp).flatMap(found)
  }

  async uses(placement: PlacementRef): Promise<string[]> {
    return (await this.#of(placement)).map(({ deployment }) => deployment)
  }

  watch(signal: AbortSignal): AsyncIterable<RuntimeChange> {
    return watchContainers(this.#tools, signal)
  }

  async #turn<T>(service: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(service) ?? Promise.resolve()).then(work, work)
    this.#turns.set(service, turn)
    try {
      return await turn
    } finally {
      if (this.#turns.get(service) === turn) this.#turns.delete(service)
    }
  }

  async #of(placement: PlacementRef): Promise<Owned[]> {
    const all = await this.#tools.engine.containers(labelsOfPlacement(placement))
    return all.flatMap((each) => found(each).map((instance) => ({ ...instance, running: isUp(each) })))
  }

  /** Milliseconds between SIGTERM and SIGKILL, as they were declared when it was started. */
  async #grace(instance: string): Promise<number> {
    const { Config } = await this.#tools.engine.inspect(instance).catch((error: unknown) => {
      if (error instanceof LongshoreError && error.data?.['fault'] === 'missing')
        return { Config: { StopTimeout: 0 } }
      throw error
    })
    return (Config.StopTimeout ?? 10) * 1_000
  }
}

function found({ Id, Labels }: ContainerSummary): FoundInstance[] {
  const instance = instanceOf(Id, Labels)
  return instance ? [instance] : []
}
