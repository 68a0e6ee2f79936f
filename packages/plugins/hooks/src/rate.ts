/** Webhooks at once, and each second on the long run. */
const limits = { burst: 1_000, aSecond: 100 }

/** A bucket of tokens: how much may come of one forge. */
export class Rate {
  #left = limits.burst
  #at: number | undefined

  /** Whether one more may come, by a clock in milliseconds that never goes back. */
  take(now: number): boolean {
    const since = now - (this.#at ?? now)
    this.#at = now
    this.#left = Math.min(limits.burst, this.#left + (since * limits.aSecond) / 1000)
    if (this.#left < 1) return false
    this.#left--
    return true
  }
}
