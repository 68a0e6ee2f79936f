import { setMaxListeners } from 'node:events'
import { persist, servicesOf } from '@longshore/core'
import type { Clock, Config, Contributions, HostInfo, Logger, PlacementRef, Telemetry } from '@longshore/core'
import type { Archives } from './archive/archives.js'
import { follow } from './archive/follow.js'
import { sample } from './series/sample.js'
import type { Series } from './series/series.js'

/** Milliseconds between two looks for what is too old. */
const sweepEvery = 3_600_000

/** Milliseconds until a source that ended or failed is asked again, at most. */
const longestPause = 60_000

/** Milliseconds between two looks whether everything has started. */
const startPause = 100

export interface KeeperParts {
  telemetries: ReadonlyMap<string, Telemetry>
  archives: Archives
  series: Series
  host: HostInfo
  config: Config
  clock: Clock
  log: Logger
  contributions: Contributions
}

/** Follows every service of this host for as long as Longshore runs, and removes what is too old. */
export class Keeper {
  readonly #parts: KeeperParts
  readonly #life = new AbortController()
  readonly #work = new Set<Promise<void>>()
  readonly #followed = new Set<string>()
  #quiet = () => {}

  constructor(parts: KeeperParts) {
    this.#parts = parts
  }

  start(): void {
    // Every service waits for it.
    setMaxListeners(0, this.#life.signal)
    this.#quiet = this.#parts.config.changed(async () => this.#followAll())
    this.#begin('keeping what services print', this.#startLater())
  }

  /** Whoever waits for the start is answered first: what is printed meanwhile is kept by its source. */
  async #startLater(): Promise<void> {
    const { clock, contributions } = this.#parts
    const { signal } = this.#life
    while (!contributions.ready()) await clock.sleep(startPause, signal)
    this.#followAll()
    await this.#sweep()
  }

  async stop(): Promise<void> {
    this.#quiet()
    this.#life.abort()
    await Promise.all(this.#work)
  }

  /** The run kind of a service of this host, and whether somebody tells what that kind prints and uses. */
  kindOf(service: string): { kind: string; told: boolean } | undefined {
    const { config, telemetries } = this.#parts
    const kind = servicesOf(config.current()).get(service)?.run.kind
    return kind === undefined ? undefined : { kind, told: telemetries.has(kind) }
  }

  /** What was followed once is followed on: of a service that is removed, or of another kind now, the last lines come yet. */
  #followAll(): void {
    const { telemetries, archives, series, host, config, clock } = this.#parts
    const { signal } = this.#life
    for (const [service, { run }] of servicesOf(config.current())) {
      const telemetry = telemetries.get(run.kind)
      const key = `${run.kind} ${service}`
      if (!telemetry || this.#followed.has(key)) continue
      this.#followed.add(key)
      const placement = { service, host: host.name }
      const keep = () => follow(telemetry, placement, { archives, clock }, signal)
      const look = () => sample(telemetry, placement, series, signal)
      this.#begin(`keeping what ${service} prints`, this.#again(keep, placement))
      this.#begin(`keeping what ${service} uses`, this.#again(look, placement))
    }
  }

  /** Reads a source for as long as this lives: also again when it ends by itself, which is no fault. */
  async #again(read: () => Promise<void>, placement: PlacementRef): Promise<void> {
    const { clock, log } = this.#parts
    const { signal } = this.#life
    const ended = new Error('the source ended')
    const whole = async () => {
      await read()
      throw ended
    }
    const failed = (error: unknown) => {
      if (error !== ended)
        log.warn({ ...placement, error }, 'what a service prints or uses cannot be read; it is tried again')
    }
    await persist(clock, signal, whole, failed, longestPause)
  }

  async #sweep(): Promise<void> {
    const { archives, series, config, clock } = this.#parts
    const { signal } = this.#life
    while (!signal.aborted) {
      await archives.sweep(new Set(servicesOf(config.current()).keys()))
      await series.sweep(clock.now())
      await clock.sleep(sweepEvery, signal).catch(() => undefined)
    }
  }

  #begin(what: string, running: Promise<void>): void {
    const done = running
      .catch((error: unknown) => {
        if (!this.#life.signal.aborted) this.#parts.log.error({ error }, `${what} ended`)
      })
      .finally(() => this.#work.delete(done))
    this.#work.add(done)
  }
}
