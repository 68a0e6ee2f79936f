import { describeError, type Clock, type ForgeSecrets, type Secret, type Secrets } from '@longshore/core'
import { SecretRef } from '@longshore/core/protocol'
import type { ForgeSection } from './config.js'

/** Milliseconds for which an opened secret is good: strangers may knock as often as they like. */
const good = 10_000

/** A forge's secrets; `fault`: why one of them cannot be had, so that nothing is let in. */
export interface Opened {
  secrets: ForgeSecrets
  fault?: string
}

/** Opens what proves who sends webhooks, once in a while. */
export class Keys {
  readonly #secrets: Secrets
  readonly #clock: Clock
  readonly #opened = new Map<string, { at: number; opened: Promise<Opened> }>()

  constructor(secrets: Secrets, clock: Clock) {
    this.#secrets = secrets
    this.#clock = clock
  }

  of(kind: string, section: ForgeSection): Promise<Opened> {
    const now = this.#clock.monotonic()
    const known = this.#opened.get(kind)
    if (known && now - known.at < good) return known.opened
    const opened = this.#open(section)
    this.#opened.set(kind, { at: now, opened })
    return opened
  }

  async #open({ token: _, ...section }: ForgeSection): Promise<Opened> {
    const secrets: Record<string, Secret | undefined> = {}
    let fault: string | undefined
    for (const [key, value] of Object.entries(section)) {
      const reference = SecretRef.safeParse(value)
      if (!reference.success) continue
      // One that cannot be had keeps its place: it is not taken for one that nobody asks for.
      secrets[key] = await this.#secrets.open(reference.data).catch((error: unknown) => {
        const { code, reason } = describeError(error)
        fault = `${code}: ${reason}`
        return undefined
      })
    }
    return { secrets, ...(fault !== undefined && { fault }) }
  }
}
