import type { Flow } from '../flow/flow.js'
import type { Journal } from '../journal/journal.js'
import type { Clock } from '../kernel/clock.js'
import type { Config } from '../kernel/config.js'
import type { Logger } from '../kernel/logger.js'
import { nextHeal, systemActor, type Event, type NextHeal, type Placement } from '../protocol/index.js'

export interface HealerParts {
  flow: Flow
  journal: Journal
  config: Config
  clock: Clock
  log: Logger
  host: string
}

/** Milliseconds that a wait lasts at most, whatever a wall clock that jumped says. */
const longest = 300_000

/** Puts right what drifted, where the policy says so: by the same pipe as everybody, with back-off, and not for ever. */
export class Healer {
  readonly #parts: HealerParts
  /** One wait per service; it ends when something newer is known of it. */
  readonly #waits = new Map<string, AbortController>()
  #works = false

  constructor(parts: HealerParts) {
    this.#parts = parts
  }

  /** What drifted before this start. */
  start(): void {
    this.#works = true
    this.lookAgain()
  }

  stop(): void {
    this.#works = false
    for (const wait of this.#waits.values()) wait.abort()
  }

  /** The policies may be others. */
  lookAgain(): void {
    for (const { service, drift } of this.#parts.flow.placements()) if (drift) this.#look(service)
  }

  /** Something was recorded. */
  told({ service, kind, host }: Event): void {
    if (service === undefined || host !== this.#parts.host) return
    if (/^(drift|hold|service)\.|^deployment\.settled$/.test(kind)) this.#look(service)
  }

  #look(service: string): void {
    const { clock, log } = this.#parts
    this.#waits.get(service)?.abort()
    this.#waits.delete(service)
    const next = this.#next(service)
    if (!next || !this.#works) return
    const wait = new AbortController()
    this.#waits.set(service, wait)
    clock
      .sleep(Math.min(Math.max(0, next.at - clock.now()), longest), wait.signal)
      .then(() => this.#act(service))
      .catch((error: unknown) => {
        if (!wait.signal.aborted) log.error({ error, service }, 'what drifted could not be put right')
      })
  }

  /** The placement is asked once more: it may have changed while this waited. */
  async #act(service: string): Promise<void> {
    const { flow, journal } = this.#parts
    const next = this.#next(service)
    const actor = systemActor
    if (next?.act === 'try') await flow.request({ kind: 'heal', service, actor })
    if (next?.act !== 'give up') return
    const { drift, running } = this.#placement(service)!
    const about = { service, deployment: running!.deployment, actor }
    await journal.record({ kind: 'drift.gaveUp', ...about, data: { tries: drift!.tries } })
  }

  #next(service: string): NextHeal | undefined {
    const placement = this.#placement(service)
    const policy = this.#parts.config.current().services[service]?.policy.drift
    return placement && policy === 'heal' ? nextHeal(placement) : undefined
  }

  #placement(service: string): Placement | undefined {
    const { flow, host } = this.#parts
    return flow.placement(service, host)
  }
}
