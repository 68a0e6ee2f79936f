import type { Flow } from '../flow/flow.js'
import type { Journal } from '../journal/journal.js'
import type { Clock } from '../kernel/clock.js'
import type { Config } from '../kernel/config.js'
import type { Logger } from '../kernel/logger.js'
import { nextHeal, systemActor, type Event, type Placement } from '../protocol/index.js'

export interface HealerParts {
  flow: Flow
  journal: Journal
  config: Config
  clock: Clock
  log: Logger
  host: string
}

/** Puts right what drifted, where the policy says so: by the same pipe as everybody, with back-off, and not for ever. */
export class Healer {
  readonly #parts: HealerParts
  /** One wait per service; it ends when something newer is known of it. */
  readonly #waits = new Map<string, AbortController>()
  #stopped = false

  constructor(parts: HealerParts) {
    this.#parts = parts
  }

  /** What drifted before this start. */
  start(): void {
    for (const { service, drift } of this.#parts.flow.placements()) if (drift) this.#look(service)
  }

  stop(): void {
    this.#stopped = true
    for (const wait of this.#waits.values()) wait.abort()
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
    if (next === 'never' || this.#stopped) return
    const wait = new AbortController()
    this.#waits.set(service, wait)
    const pause = next === 'gaveUp' ? 0 : Math.max(0, next - clock.now())
    clock
      .sleep(pause, wait.signal)
      .then(() => this.#act(service, wait.signal))
      .catch((error: unknown) => {
        if (!wait.signal.aborted) log.error({ error, service }, 'what drifted could not be put right')
      })
  }

  /** The placement is asked once more: it may have changed while this waited. */
  async #act(service: string, signal: AbortSignal): Promise<void> {
    const { flow, journal } = this.#parts
    const next = this.#next(service)
    if (signal.aborted || next === 'never') return
    if (next !== 'gaveUp') {
      await flow.request({ kind: 'heal', service, actor: systemActor })
      return
    }
    const { drift, running } = this.#placement(service)!
    const data = { tries: drift!.tries }
    await journal.record({
      kind: 'drift.gaveUp',
      service,
      deployment: running!.deployment,
      actor: systemActor,
      data,
    })
  }

  #next(service: string): ReturnType<typeof nextHeal> {
    const placement = this.#placement(service)
    const policy = this.#parts.config.current().services[service]?.policy.drift
    return placement && policy === 'heal' && !placement.deployment ? nextHeal(placement) : 'never'
  }

  #placement(service: string): Placement | undefined {
    const { flow, host } = this.#parts
    return flow.placements().find((each) => each.service === service && each.host === host)
  }
}
