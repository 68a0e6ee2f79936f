import { vi } from 'vitest'
import type { Clock } from '../src/index.js'

interface Sleeper {
  span: number
  at: number
  wake(): void
}

/** A clock that stands until it is told to go on. */
export class HandClock implements Clock {
  #now = Date.parse('2026-01-01T00:00:00.000Z')
  readonly #sleepers = new Set<Sleeper>()

  now = () => this.#now
  monotonic = () => this.#now

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error)
      const sleeper = {
        span: milliseconds,
        at: this.#now + milliseconds,
        wake: () => {
          this.#sleepers.delete(sleeper)
          signal?.removeEventListener('abort', end)
          resolve()
        },
      }
      const end = () => {
        this.#sleepers.delete(sleeper)
        reject(signal!.reason as Error)
      }
      this.#sleepers.add(sleeper)
      signal?.addEventListener('abort', end, { once: true })
      if (milliseconds === 0) sleeper.wake()
    })
  }

  /** Waits until somebody sleeps for so long, and lets that time pass. */
  async pass(milliseconds: number): Promise<void> {
    await vi.waitFor(() => {
      const spans = [...this.#sleepers].map(({ span }) => span)
      if (!spans.includes(milliseconds)) throw new Error(`nobody sleeps ${milliseconds} ms, but ${spans}`)
    }, 10_000)
    this.go(milliseconds)
  }

  /** Lets time pass. */
  go(milliseconds: number): void {
    this.#now += milliseconds
    for (const sleeper of [...this.#sleepers]) if (sleeper.at <= this.#now) sleeper.wake()
  }
}
