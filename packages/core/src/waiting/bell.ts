/** Wakes all who wait. */
export class Bell {
  readonly #waiting = new Set<() => void>()

  ring(): void {
    for (const wake of this.#waiting) wake()
  }

  /** Resolves at the next ring, when the signal aborts, or after so many milliseconds. */
  heard(signal: AbortSignal, milliseconds?: number): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve()
      const done = () => {
        clearTimeout(timer)
        this.#waiting.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = milliseconds === undefined ? undefined : setTimeout(done, milliseconds)
      this.#waiting.add(done)
      signal.addEventListener('abort', done)
    })
  }
}
