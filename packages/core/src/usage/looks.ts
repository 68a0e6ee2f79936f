import type { StatsQuery } from '../contracts/telemetry.js'
import type { Clock } from '../kernel/clock.js'
import type { Sample } from '../protocol/index.js'
import { Meter, type Look } from './meter.js'
import type { Reading } from './reading.js'

/** An instance that runs, and how it is read: at once where that takes no waiting; undefined when it is gone. */
export interface Gauge {
  instance: string
  read(): Reading | undefined | Promise<Reading | undefined>
}

/** Milliseconds: the shortest interval; how old a look may be that is shared; and between the first two, for the CPU. */
const shortest = 1_000
const fresh = 200
const first = 250
/** Milliseconds that a batch waits for those who are slow; they come with a later one. */
const patience = 500
/** Milliseconds that an instance may be away, as one that is restarted, and its counters go on where they were. */
const kept = 60_000

interface Shared {
  at: number
  /** Undefined once it is done. */
  pending: Promise<void> | undefined
  look: Look | undefined
  /** Somebody was given it. One that came too late for its batch waits for the next. */
  given: boolean
}

/**
 * Looks at instances for whoever watches, once an interval however many those are: all look at whole multiples of
 * their interval, so that one of 10 s meets one of 1 s, and they share what they find. Nobody looks when nobody watches.
 */
export class SharedLooks {
  readonly #clock: Clock
  /** By instance, the oldest first. */
  readonly #shared = new Map<string, Shared>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A batch for each interval until the signal aborts, the first one soon. `running` answers what is to be looked at. */
  async *watch(
    { instance, every }: Pick<StatsQuery, 'instance' | 'every'>,
    signal: AbortSignal,
    running: () => Promise<Gauge[]>,
  ): AsyncGenerator<Sample[]> {
    const meters = new Map<string, Meter>()
    const interval = Math.max(every, shortest)
    for (let wait = first, begun = false; !signal.aborted; begun = true) {
      const gauges = await running()
      const wanted = gauges.filter((gauge) => (instance ?? gauge.instance) === gauge.instance)
      const batch = await this.#batch(wanted, meters, signal)
      if (begun && !signal.aborted) yield batch
      if (begun) {
        const now = this.#clock.monotonic()
        wait = Math.ceil((now + interval / 2) / interval) * interval - now
      }
      await this.#clock.sleep(wait, signal).catch(() => undefined)
    }
  }

  async #batch(gauges: Gauge[], meters: Map<string, Meter>, signal: AbortSignal): Promise<Sample[]> {
    const now = this.#clock.monotonic()
    this.#forget(now)
    const all = gauges.map((gauge) => ({ gauge, shared: this.#look(gauge) }))
    const pending = all.flatMap(({ shared }) => shared.pending ?? [])
    if (pending.length > 0) await this.#soon(Promise.all(pending), signal)
    const samples = all.flatMap(({ gauge: { instance }, shared }) => {
      shared.given = !shared.pending
      if (!shared.look) return []
      const meter = meters.get(instance) ?? new Meter()
      meters.set(instance, meter)
      meter.used = now
      return meter.sample(instance, shared.look)
    })
    for (const [instance, { used }] of meters) if (now - used > kept) meters.delete(instance)
    return samples
  }

  #look(gauge: Gauge): Shared {
    const known = this.#shared.get(gauge.instance)
    if (known) return known
    const shared: Shared = { at: this.#clock.monotonic(), pending: undefined, look: undefined, given: false }
    this.#shared.set(gauge.instance, shared)
    const take = (reading: Reading | undefined) => {
      const [at, time] = [this.#clock.monotonic(), this.#clock.now()]
      shared.look = reading && { at, time, reading }
      shared.at = at
      shared.pending = undefined
    }
    const answer = gauge.read()
    if (answer instanceof Promise) shared.pending = answer.then(take, () => take(undefined))
    else take(answer)
    return shared
  }

  /** What is under way stays until it is done: a slow one is not asked twice. */
  #forget(now: number): void {
    for (const [instance, { at, pending, given }] of this.#shared)
      if (!pending && now - at > (given ? fresh : kept)) this.#shared.delete(instance)
  }

  async #soon(done: Promise<unknown>, signal: AbortSignal): Promise<void> {
    const over = new AbortController()
    const late = this.#clock.sleep(patience, AbortSignal.any([signal, over.signal]))
    await Promise.race([done, late.catch(() => undefined)])
    over.abort()
  }
}
