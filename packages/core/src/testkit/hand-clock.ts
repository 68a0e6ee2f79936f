import { setImmediate, setTimeout as rest } from 'node:timers/promises'
import type { Clock } from '../kernel/clock.js'

interface Sleeper {
  span: number
  at: number
  wake(): void
}

/** Milliseconds that somebody may take to fall asleep. */
const patience = 10_000

/** A clock that stands until it is told to go on; wall clock and monotonic clock can be told apart. */
export class HandClock implements Clock {
  #monotonic = Date.parse('2026-01-01T00:00:00.000Z')
  #shift = 0
  readonly #sleepers = new Set<Sleeper>()

  now = () => this.#monotonic + this.#shift
  monotonic = () => this.#monotonic

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error)
      const sleeper = {
        span: milliseconds,
        at: this.#monotonic + milliseconds,
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
    for (const until = performance.now() + patience; !this.#spans().includes(milliseconds); await rest(5))
      if (performance.now() > until)
        throw new Error(
          `nobody sleeps ${milliseconds} ms, but ${this.#spans().join(', ') || 'nobody at all'}`,
        )
    this.go(milliseconds)
  }

  /** Lets time pass at once, as when the machine was suspended: whoever should have woken meanwhile wakes late. */
  go(milliseconds: number): void {
    this.#monotonic += milliseconds
    for (const sleeper of [...this.#sleepers]) if (sleeper.at <= this.#monotonic) sleeper.wake()
  }

  /** Lets time pass as it does: everybody wakes when it is their time, and does what they do then. */
  async live(milliseconds: number): Promise<void> {
    const until = this.#monotonic + milliseconds
    for (;;) {
      await settled()
      const next = Math.min(...[...this.#sleepers].map(({ at }) => at))
      if (next > until) break
      this.go(Math.max(0, next - this.#monotonic))
    }
    this.go(until - this.#monotonic)
    await settled()
  }

  /** Somebody puts the wall clock forward, or back. */
  turn(milliseconds: number): void {
    this.#shift += milliseconds
  }

  #spans(): number[] {
    return [...this.#sleepers].map(({ span }) => span)
  }
}

/** What follows of itself from what has just happened has happened; what waits for other processes or sockets has not. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await setImmediate()
}
