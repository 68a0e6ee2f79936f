/** Milliseconds for which an id is remembered: longer than a signed time is good, before and after. */
const remembered = 660_000
/** More of them than may come in that time. */
const most = 70_000

/** What was seen already. */
export class Once {
  readonly #seen = new Map<string, number>()

  /** Whether it is the first time, by a clock in milliseconds. */
  isFirst(id: string, now: number): boolean {
    // The oldest stand first.
    for (const [old, at] of this.#seen) {
      if (this.#seen.size < most && now - at < remembered) break
      this.#seen.delete(old)
    }
    if (this.#seen.has(id)) return false
    this.#seen.set(id, now)
    return true
  }
}
