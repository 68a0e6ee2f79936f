import { SharedLooks, within } from '@longshore/core'
import type { StatsQuery } from '@longshore/core'
import type { Sample } from '@longshore/core/protocol'
import type { Tools } from '../kind.js'
import { listing, type HostContainer, type HostContainers, type Told } from './host-containers.js'
import { ContainerGauge } from './stats-container.js'

type Parts = Pick<Tools, 'engine' | 'clock'> & { containers: HostContainers }

/** Tells what the host's containers use. */
export class DockerStats {
  readonly #tools: Parts
  readonly #root: string
  readonly #looks: SharedLooks
  readonly #running = new Map<string, ContainerGauge>()
  #viewers = 0
  #following = new AbortController()
  #known: Promise<void> = Promise.resolve()

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
      await within(listing, 'to list the containers', () => this.#known, signal)
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
    this.#known = this.#tools.containers.follow(this.#told, this.#following.signal)
    // Whoever asked may be gone before it fails.
    this.#known.catch(() => undefined)
  }

  readonly #told: Told = (container, what) => {
    const { instance, up } = container
    if (!up) this.#running.delete(instance)
    // Started again it is elsewhere, so it is looked for anew.
    else if (what === 'started' || !this.#running.has(instance)) this.#add(container)
  }

  #add({ service, host, deployment, instance }: HostContainer): void {
    const container = { service, host, deployment, instance }
    this.#running.set(instance, new ContainerGauge(container, this.#tools.engine, this.#root))
  }
}
