import { SharedLooks, within } from '@longshore/core'
import type { FoundInstance, StatsQuery } from '@longshore/core'
import type { Sample } from '@longshore/core/protocol'
import { instanceOf, labelsOfHost } from '../container/labels.js'
import type { Tools } from '../runtime.js'
import { isUp } from '../schema.js'
import { ContainerGauge } from './stats-container.js'

/** Milliseconds that the engine may take to say what runs when somebody begins to watch. */
const patience = 30_000
/** Milliseconds before the engine's events are asked for again. */
const pause = 500

type Parts = Pick<Tools, 'engine' | 'clock' | 'host'>

/**
 * Tells what the host's containers use. While somebody watches, the engine's events tell which ones run: it is not
 * asked at each look.
 */
export class DockerStats {
  readonly #tools: Parts
  readonly #root: string
  readonly #looks: SharedLooks
  readonly #running = new Map<string, ContainerGauge>()
  #viewers = 0
  #following = new AbortController()
  #listed: Promise<void> = Promise.resolve()

  /** In tests `root` is where /proc is. */
  constructor(tools: Parts, root = '') {
    this.#tools = tools
    this.#root = root
    this.#looks = new SharedLooks(tools.clock)
  }

  /** Errors: ENGINE_AWAY, when it cannot say at first what runs; later its absence ends nothing. */
  async *watch(query: StatsQuery, signal: AbortSignal): AsyncGenerator<Sample[]> {
    if (signal.aborted) return
    if (this.#viewers++ === 0) this.#begin()
    try {
      await within(patience, 'to list the containers', () => this.#listed, signal)
      yield* this.#looks.watch(query, signal, async () =>
        [...this.#running.values()].filter(
          ({ gone, container: { service, host } }) =>
            !gone && service === query.service && host === query.host,
        ),
      )
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      if (--this.#viewers === 0) this.#following.abort()
    }
  }

  #begin(): void {
    this.#running.clear()
    this.#following = new AbortController()
    const { signal } = this.#following
    this.#listed = this.#list(signal)
    // Whoever asked may be gone before it fails.
    this.#listed.catch(() => undefined)
    void this.#follow(signal)
  }

  /** One that ended since is told of by the events, or found out when it is read. */
  async #list(signal: AbortSignal): Promise<void> {
    const { engine, host } = this.#tools
    for (const each of await engine.containers(labelsOfHost(host), signal)) {
      const container = instanceOf(each.Id, each.Labels)
      if (container && isUp(each) && !this.#running.has(each.Id)) this.#add(container)
    }
  }

  /** Over restarts of the engine: each time it answers it is asked once what runs, and its events tell the rest. */
  async #follow(signal: AbortSignal): Promise<void> {
    const { engine, clock, host } = this.#tools
    for (let first = true; !signal.aborted; first = false) {
      try {
        const events = await engine.events(labelsOfHost(host), signal)
        if (!first) await this.#list(signal)
        for await (const { Action, Actor } of events) {
          const container = instanceOf(Actor.ID, Actor.Attributes)
          if (container && Action === 'start') this.#add(container)
          if (Action === 'die' || Action === 'destroy') this.#running.delete(Actor.ID)
        }
      } catch {
        // The engine is away: its containers are found out when they are read.
      }
      await clock.sleep(pause, signal).catch(() => undefined)
    }
  }

  /** Started again it is elsewhere, so it is looked for anew. */
  #add({ service, host, deployment, instance }: FoundInstance): void {
    const container = { service, host, deployment, instance }
    this.#running.set(instance, new ContainerGauge(container, this.#tools.engine, this.#root))
  }
}
