import {
  describeError,
  LongshoreError,
  persist,
  within,
  type Clock,
  type DoctorLine,
  type Logger,
  type Secrets,
} from '@longshore/core'
import type * as Client from './client.js'
import type { OidcConfig } from './config.js'
import { busy, providerAway } from './errors.js'
import type { Claims } from './identity.js'
import type { Begun } from './pending.js'

/** Milliseconds for the whole of a question, after which the provider is asked anew who it is, and between tries. */
const times = { question: 30_000, refresh: 3_600_000, retry: 60_000 }
/** People whose codes are exchanged at the same time. */
const most = 20

interface Parts {
  config: OidcConfig
  clock: Clock
  log: Logger
  secrets: Secrets
}

/** What the provider said of itself, and what speaks with it: loaded only where one is configured. */
interface Known {
  client: typeof Client
  metadata: Client.Metadata
}

/** The identity provider. While it is away nobody signs in by it, and nothing else waits for it. */
export class Provider {
  readonly #parts: Parts
  #known: Known | undefined
  #fault: LongshoreError
  #isAway = true
  #underWay = 0

  constructor(parts: Parts) {
    this.#parts = parts
    this.#fault = providerAway(parts.config.issuer, 'it was not asked yet')
  }

  /** Asks it who it is until it answers, and again from time to time. Ends by the signal. */
  async follow(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts
    const failed = (error: unknown) => this.#miss(error)
    while (!signal.aborted) {
      await persist(clock, signal, () => this.#ask(signal), failed, times.retry)
      await clock.sleep(times.refresh, signal).catch(() => undefined)
    }
  }

  line(): DoctorLine {
    const { issuer } = this.#parts.config
    if (!this.#isAway) return { ok: true, say: `${issuer} answers` }
    const { message, hint } = this.#fault
    return { ok: false, say: message, hint: hint ?? 'Look at its log.' }
  }

  /** Where to lead a browser. */
  async addressOf(begun: Begun, redirect: string): Promise<URL> {
    const { client, metadata } = this.#asked()
    return client.addressOf(metadata, this.#parts.config, begun, redirect)
  }

  /** What it says of somebody whom it led back. */
  async redeem(begun: Begun, answer: Client.Answer): Promise<Claims> {
    const { config, secrets } = this.#parts
    const { client, metadata } = this.#asked()
    if (this.#underWay >= most) throw busy()
    this.#underWay++
    try {
      return await within(times.question, 'the identity provider', async (signal) => {
        const secret = await secrets.open(config.clientSecret, signal)
        return client.redeem(metadata, config, { begun, answer, secret })
      })
    } finally {
      this.#underWay--
    }
  }

  #asked(): Known {
    if (!this.#known) throw this.#fault
    return this.#known
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const { config, log } = this.#parts
    const client = await import('./client.js')
    const metadata = await within(times.question, 'discovery', () => client.discover(config), signal)
    if (this.#isAway) log.info({ issuer: config.issuer }, 'the identity provider answers')
    this.#known = { client, metadata }
    this.#isAway = false
  }

  /** What it said of itself before still counts. */
  #miss(error: unknown): void {
    const { config, log } = this.#parts
    this.#fault =
      error instanceof LongshoreError ? error : providerAway(config.issuer, describeError(error).code)
    if (!this.#isAway || !this.#known) log.warn({ error: this.#fault }, 'the identity provider is away')
    this.#isAway = true
  }
}
