import type { Clock } from '@longshore/core'
import { describe, expect, it } from 'vitest'
import { SlackTimer } from '../src/watch/slack-timer.js'

/** A clock that goes as far as it is told, and counts how often somebody was woken. */
class ManualClock implements Clock {
  wakes = 0
  #time = 12_345.6
  readonly #sleepers = new Set<{ at: number; wake: () => void }>()

  now = () => this.#time
  monotonic = () => this.#time

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const sleeper = { at: this.#time + milliseconds, wake: resolve }
      this.#sleepers.add(sleeper)
      signal?.addEventListener('abort', () => {
        this.#sleepers.delete(sleeper)
        reject(signal.reason as Error)
      })
    })
  }

  get sleepers(): number {
    return this.#sleepers.size
  }

  /** Goes on by so much, and stops at each that is woken on the way. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.#time + milliseconds
    for (;;) {
      const [next] = [...this.#sleepers].sort((one, other) => one.at - other.at)
      if (!next || next.at > end) break
      this.#time = Math.max(this.#time, next.at)
      this.#sleepers.delete(next)
      this.wakes++
      next.wake()
      for (let turns = 0; turns < 5; turns++) await Promise.resolve()
    }
    this.#time = end
  }
}

describe('a timer with slack', () => {
  it('wakes each within its span, and many at once', async () => {
    const clock = new ManualClock()
    const timer = new SlackTimer(clock)
    const began = clock.monotonic()
    const woken: number[] = []
    for (let count = 0; count < 500; count++)
      timer.wait(9_000, 11_000, () => woken.push(clock.monotonic() - began))
    await clock.pass(12_000)
    expect(woken.length).toBe(500)
    expect(Math.min(...woken)).toBeGreaterThanOrEqual(9_000)
    expect(Math.max(...woken)).toBeLessThanOrEqual(11_000)
    expect(clock.wakes).toBeLessThanOrEqual(20)
    expect(new Set(woken).size).toBeGreaterThan(10)
    expect(clock.sleepers).toBe(0)
  })

  it('keeps to a span that is shorter than its grid', async () => {
    const clock = new ManualClock()
    const timer = new SlackTimer(clock)
    for (let round = 0; round < 50; round++) {
      let woken = 0
      timer.wait(90, 110, () => woken++)
      await clock.pass(88.9)
      expect(woken).toBe(0)
      await clock.pass(21.1)
      expect(woken).toBe(1)
    }
  })

  it('does not let one who waits long delay one who waits less', async () => {
    const clock = new ManualClock()
    const timer = new SlackTimer(clock)
    const woken: string[] = []
    timer.wait(2 ** 52, 2 ** 52, () => woken.push('never'))
    timer.wait(5_000, 5_200, () => woken.push('late'))
    timer.wait(1_000, 1_200, () => woken.push('soon'))
    await clock.pass(1_200)
    expect(woken).toEqual(['soon'])
    await clock.pass(4_000)
    expect(woken).toEqual(['soon', 'late'])
    expect(clock.sleepers).toBe(1)
  })

  it('sleeps for nobody who has taken it back', async () => {
    const clock = new ManualClock()
    const timer = new SlackTimer(clock)
    let woken = 0
    const forget = [timer.wait(100, 300, () => woken++), timer.wait(400, 600, () => woken++)]
    forget[0]!()
    forget[0]!()
    await clock.pass(350)
    expect([woken, clock.wakes]).toEqual([0, 0])
    forget[1]!()
    await Promise.resolve()
    expect(clock.sleepers).toBe(0)
  })
})
