import type { Clock } from '../../src/index.js'

interface Sleeper {
  at: number
  wake(): void
}

/** A clock that goes on to the next thing that somebody waits for, as soon as nothing else is to be done. */
export class AutoClock implements Clock {
  #now = Date.parse('2026-01-01T00:00:00.000Z')
  readonly #sleepers = new Set<Sleeper>()
  #wakes = false

  now = () => this.#now
  monotonic = () => this.#now

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error)
      const leave = () => {
        this.#sleepers.delete(sleeper)
        signal?.removeEventListener('abort', end)
      }
      const sleeper = { at: this.#now + milliseconds, wake: () => (leave(), resolve()) }
      const end = () => (leave(), reject(signal!.reason as Error))
      this.#sleepers.add(sleeper)
      signal?.addEventListener('abort', end, { once: true })
      this.#soon()
    })
  }

  #go(): void {
    this.#wakes = false
    const next = Math.min(...[...this.#sleepers].map(({ at }) => at))
    if (!Number.isFinite(next)) return
    this.#now = Math.max(this.#now, next)
    for (const sleeper of [...this.#sleepers]) if (sleeper.at <= this.#now) sleeper.wake()
    if (this.#sleepers.size > 0) this.#soon()
  }

  #soon(): void {
    if (this.#wakes) return
    this.#wakes = true
    setTimeout(() => this.#go(), 1)
  }
}
