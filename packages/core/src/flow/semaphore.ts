/** At most so many holders at once; the others wait in line, and leave it when their signal aborts. */
export class Semaphore {
  readonly #waiting = new Set<() => void>()
  readonly #places: () => number
  #taken = 0

  constructor(places: () => number) {
    this.#places = places
  }

  /** Resolves with the release; call it once. */
  async acquire(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    if (this.#taken < this.#places()) this.#taken++
    else await this.#wait(signal)
    let held = true
    return () => {
      if (!held) return
      held = false
      const [next] = this.#waiting
      if (next && this.#taken <= this.#places()) next()
      else this.#taken--
    }
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.delete(enter)
        signal.removeEventListener('abort', abort)
      }
      const enter = () => {
        leave()
        resolve()
      }
      const abort = () => {
        leave()
        reject(signal.reason)
      }
      this.#waiting.add(enter)
      signal.addEventListener('abort', abort, { once: true })
    })
  }
}
