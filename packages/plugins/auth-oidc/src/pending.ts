import { createCipheriv, createDecipheriv, createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock, Knock } from '@longshore/core'
import { z } from 'zod'
import { busy, stateRefused } from './errors.js'

/** Milliseconds that somebody may take at the provider, and sign-ins that are remembered as finished. */
const limits = { life: 10 * 60_000, used: 10_000 }
/** `__Host-`: over TLS no other host, and no page of it, can set it. */
const names = { secure: '__Host-longshore-oidc', plain: 'longshore-oidc' }
const cipher = 'aes-256-gcm'

const Begun = z.strictObject({
  state: z.string(),
  nonce: z.string(),
  /** Of PKCE (RFC 7636). */
  verifier: z.string(),
  /** On the monotonic clock. */
  until: z.number(),
})
/** A sign-in that was begun: what the answer to it has to hold. */
export type Begun = z.infer<typeof Begun>

/**
 * Sign-ins under way. Each lies sealed with the browser that began it, so that many that nobody finishes cost nothing here;
 * what is kept is which ones were finished, since each counts once. The key is made anew by each start.
 */
export class Pending {
  readonly #clock: Clock
  readonly #key = randomBytes(32)
  readonly #used = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A new one, and the headers that leave it with the browser. */
  begin({ secure }: Pick<Knock, 'secure'>): { begun: Begun; headers: Record<string, string> } {
    const [state, nonce, verifier] = [secret(), secret(), secret()]
    const begun = { state, nonce, verifier, until: this.#clock.monotonic() + limits.life }
    // Lax: the browser brings it along when the provider leads it back here.
    const attributes = ['Path=/', 'HttpOnly', 'SameSite=Lax', ...(secure ? ['Secure'] : [])]
    const value = `${secure ? names.secure : names.plain}=${this.#seal(begun)}`
    const life = `Max-Age=${limits.life / 1_000}`
    return { begun, headers: { 'Set-Cookie': [value, life, ...attributes].join('; ') } }
  }

  /** The one that this browser began with this state, once. */
  take(state: string, knock: Pick<Knock, 'secure' | 'headers'>): Begun {
    const now = this.#clock.monotonic()
    const begun = this.#open(cookieOf(knock))
    if (!begun || begun.until <= now || !same(begun.state, state)) throw stateRefused()
    for (const [each, until] of this.#used) if (until <= now) this.#used.delete(each)
    if (this.#used.has(begun.state)) throw stateRefused()
    // To forget one early would let it count twice.
    if (this.#used.size >= limits.used) throw busy()
    this.#used.set(begun.state, begun.until)
    return begun
  }

  #seal(begun: Begun): string {
    const iv = randomBytes(12)
    const sealing = createCipheriv(cipher, this.#key, iv)
    const sealed = Buffer.concat([sealing.update(JSON.stringify(begun)), sealing.final()])
    return Buffer.concat([iv, sealing.getAuthTag(), sealed]).toString('base64url')
  }

  #open(sealed: string): Begun | undefined {
    const bytes = Buffer.from(sealed, 'base64url')
    if (bytes.length < 28) return undefined
    const opening = createDecipheriv(cipher, this.#key, bytes.subarray(0, 12))
    opening.setAuthTag(bytes.subarray(12, 28))
    try {
      const opened = Buffer.concat([opening.update(bytes.subarray(28)), opening.final()])
      return Begun.parse(JSON.parse(opened.toString('utf8')))
    } catch {
      return undefined
    }
  }
}

function secret(): string {
  return randomBytes(32).toString('base64url')
}

function same(one: string, other: string): boolean {
  const [a, b] = [one, other].map((each) => createHash('sha256').update(each).digest())
  return timingSafeEqual(a!, b!)
}

/** Empty when there is none. Of several it cannot be told who set which. */
function cookieOf({ headers, secure }: Pick<Knock, 'headers' | 'secure'>): string {
  const pattern = new RegExp(`(?:^|;) *${secure ? names.secure : names.plain}=([\\w-]*)(?=;|$)`, 'g')
  const found = [...(headers['cookie'] ?? '').matchAll(pattern)]
  return found.length === 1 ? found[0]![1]! : ''
}
