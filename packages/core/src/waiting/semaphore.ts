/** At most so many holders at once; the others wait in line, and leave it when their signal aborts. */
export class Semaphore {
  readonly #waiting = new Set<() => void>()
  readonly #places: () => number
  #taken = 0

  constructor(places: () => number) {
    this.#places = places
  }

  /** Whether whoever comes now has to wait. */
  get full(): boolean {
    return this.#taken >= this.#places()
  }

  /** Does the work in its turn; rejects with the signal's reason when that aborts before. */
  async take<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted()
    if (this.full) await this.#wait(signal)
    else this.#taken++
    try {
      return await work()
    } finally {
      this.#leave()
    }
  }

  /** For one who has a place: others may have it while the work only waits. Who comes back waits for nobody. */
  async aside<T>(work: () => Promise<T>): Promise<T> {
    this.#leave()
    try {
      return await work()
    } finally {
      this.#taken++
    }
  }

  #leave(): void {
    const [next] = this.#waiting
    if (next && this.#taken <= this.#places()) next()
    else this.#taken--
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (then: () => void) => {
        this.#waiting.delete(enter)
        signal.removeEventListener('abort', abort)
        then()
      }
      const enter = () => leave(resolve)
      const abort = () => leave(() => reject(signal.reason))
      this.#waiting.add(enter)
      signal.addEventListener('abort', abort, { once: true })
    })
  }
}
