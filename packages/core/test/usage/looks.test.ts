import { describe, expect, it } from 'vitest'
import type { Sample } from '../../src/protocol/index.js'
import type { Reading } from '../../src/usage/reading.js'
import { SharedLooks, type Gauge } from '../../src/usage/looks.js'
import { HandClock } from '../../src/testkit/index.js'

/** Lets time pass in small steps: whoever wakes does all that it can before the next one does. */
async function pass(clock: HandClock, milliseconds: number): Promise<void> {
  for (let passed = 0; passed < milliseconds; passed += 50) {
    await new Promise((resolve) => setImmediate(resolve))
    clock.go(50)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe('looks that viewers share', () => {
  function bench(read: Record<string, () => Reading | undefined | Promise<Reading | undefined>>) {
    const clock = new HandClock()
    const looks = new SharedLooks(clock)
    const counts: Record<string, number> = {}
    const gauges = Object.entries(read).map(([instance, answer]): Gauge => ({
      instance,
      read: () => ((counts[instance] = (counts[instance] ?? 0) + 1), answer()),
    }))
    const watch = (every: number, running = async () => gauges) => {
      const stop = new AbortController()
      const batches: Sample[][] = []
      const done = (async () => {
        for await (const batch of looks.watch({ every }, stop.signal, running)) batches.push(batch)
      })()
      return { batches, stop: () => (stop.abort(), done) }
    }
    return { clock, counts, gauges, watch }
  }

  it('are one an interval, however many watch, and none when nobody does', async () => {
    const { clock, counts, watch } = bench({ a: () => ({ cpu: 1 }) })
    const viewers = Array.from({ length: 20 }, () => watch(1_000))
    await pass(clock, 350)
    viewers.push(watch(1_000), watch(5_000))
    await pass(clock, 10_000)
    // Two for the first batch of those who came first, at most two for those who came later, then one a second.
    expect(counts['a']).toBeLessThanOrEqual(4 + 10)
    expect(viewers[0]!.batches.length).toBeGreaterThanOrEqual(10)
    expect(viewers.at(-1)!.batches.length).toBeGreaterThanOrEqual(2)
    await Promise.all(viewers.map((viewer) => viewer.stop()))
    const before = counts['a']
    await pass(clock, 10_000)
    expect(counts['a']).toBe(before)
  })

  it('tell each viewer the CPU of its own interval', async () => {
    const { clock, watch } = bench({ a: () => ({ cpu: (clock.monotonic() - began) ** 2 / 10_000 }) })
    const began = clock.monotonic()
    const [quick, slow] = [watch(1_000), watch(10_000)]
    await pass(clock, 20_500)
    // A counter of t²/10⁴ ms grows from 10 s to 20 s by 30 s, and from 19 s to 20 s by 3.9 s.
    expect(quick.batches.at(-1)![0]!.cpu).toBeCloseTo(390, 0)
    expect(slow.batches.at(-1)![0]!.cpu).toBeCloseTo(300, 0)
    await Promise.all([quick.stop(), slow.stop()])
  })

  it('wait for nobody who is slow: it comes later, is asked once meanwhile, and never keeps another', async () => {
    let answer = (_: Reading) => {}
    const { clock, counts, watch } = bench({
      slow: () => new Promise<Reading>((resolve) => (answer = resolve)),
      broken: () => Promise.reject(new Error('away')),
      quick: () => ({ memory: 1 }),
    })
    const { batches, stop } = watch(1_000)
    await pass(clock, 5_000)
    expect(batches.length).toBeGreaterThanOrEqual(3)
    for (const batch of batches) expect(batch.map(({ instance }) => instance)).toEqual(['quick'])
    expect(counts['slow']).toBe(1)
    answer({ memory: 2 })
    await pass(clock, 2_000)
    expect(batches.some((batch) => batch.some(({ instance }) => instance === 'slow'))).toBe(true)
    await stop()
  })

  it('keep counters from falling, also over a while without the instance', async () => {
    let reading: Reading | undefined = { networkIn: 100, cpu: 50 }
    const { clock, watch } = bench({ a: () => reading })
    const { batches, stop } = watch(1_000)
    await pass(clock, 3_000)
    reading = undefined
    await pass(clock, 3_000)
    reading = { networkIn: 10, cpu: 5 }
    await pass(clock, 2_000)
    reading = { networkIn: 30, cpu: 5 }
    await pass(clock, 2_000)
    const told = batches.flat().map(({ networkIn }) => networkIn!)
    expect(told[0]).toBe(100)
    expect([...told].sort((a, b) => a - b)).toEqual(told)
    expect(told.at(-1)).toBe(120)
    for (const { cpu = 0 } of batches.flat()) expect(cpu).toBeGreaterThanOrEqual(0)
    await stop()
  })
})
