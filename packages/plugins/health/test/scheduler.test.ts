import { HandClock } from '@longshore/core/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Scheduler } from '../src/schedule/scheduler.js'
import type { Look, Task } from '../src/schedule/turn.js'

let clock: HandClock
let scheduler: Scheduler
let life: AbortController
let running: Promise<void>

beforeEach(() => {
  clock = new HandClock()
  life = new AbortController()
})
afterEach(async () => {
  life.abort()
  await running
})

function run(room?: ConstructorParameters<typeof Scheduler>[1]): void {
  scheduler = new Scheduler(clock, room)
  running = scheduler.run(life.signal)
}

/** A target that takes so long for each look; Infinity hangs until it is told to end. */
class Target implements Task {
  readonly key: string
  readonly every: number
  readonly timeout: number
  takes: number
  /** Monotonic milliseconds of each look's begin. */
  readonly begun: number[] = []
  readonly ended: string[] = []
  missedLooks = 0
  most = 0
  #now = 0

  constructor(key: string, { every = 10_000, timeout = 2_000, takes = 0 } = {}) {
    this.key = key
    this.every = every
    this.timeout = timeout
    this.takes = takes
  }

  async look(signal: AbortSignal, look: Look): Promise<void> {
    this.begun.push(clock.monotonic())
    this.most = Math.max(this.most, ++this.#now)
    const ended = new Promise<void>((resolve) =>
      signal.addEventListener('abort', () => resolve(), { once: true }),
    )
    if (this.takes === Infinity) await ended
    else if (this.takes > 0) await clock.sleep(this.takes, signal).catch(() => undefined)
    this.#now--
    const reason = signal.aborted ? (signal.reason as Error).constructor.name : 'well'
    this.ended.push(look.extra ? `extra ${reason}` : reason)
  }

  missed(count: number): void {
    this.missedLooks += count
  }
}

function targets(count: number, options?: ConstructorParameters<typeof Target>[1], name = 'check'): Target[] {
  const made = Array.from({ length: count }, (_, index) => new Target(`service-${index}/${name}`, options))
  for (const target of made) scheduler.add(target)
  return made
}

const looks = (all: readonly Target[]) => all.reduce((sum, { begun }) => sum + begun.length, 0)

describe('the schedule', () => {
  it('looks at each once an interval, spread over it, at the same place of it after a restart', async () => {
    run()
    const all = targets(1_000)
    await clock.live(30_000)
    expect(Math.abs(looks(all) - 3_000)).toBeLessThan(5)
    const perSecond = new Map<number, number>()
    for (const at of all.flatMap(({ begun }) => begun)) {
      const second = Math.floor(at / 1_000)
      perSecond.set(second, (perSecond.get(second) ?? 0) + 1)
    }
    expect(Math.max(...perSecond.values())).toBeLessThan(150)
    for (const { begun } of all) expect(begun[1]! - begun[0]!).toBeGreaterThan(9_990)
    const phase = (at: number) => Math.round((at % 10_000) / 10)
    const before = all.map(({ begun }) => phase(begun[0]!))
    life.abort()
    await running
    life = new AbortController()
    await clock.live(3_333)
    run()
    const again = targets(1_000)
    await clock.live(10_000)
    const moved = again.filter(({ begun }, index) => Math.abs(phase(begun[0]!) - before[index]!) > 2)
    expect(moved).toEqual([])
  })

  it('begins within 20 ms of its time, 5,000 of them too', async () => {
    run()
    const all = targets(5_000)
    await clock.live(20_020)
    const late = all.map(({ begun }) => begun[1]! - begun[0]! - 10_000)
    expect(Math.max(...late.map(Math.abs))).toBeLessThan(20)
  })

  it('looks at what is rare within a minute, and then in its interval', async () => {
    run()
    const all = targets(100, { every: 86_400_000 })
    await clock.live(60_010)
    expect(all.filter(({ begun }) => begun.length === 0)).toEqual([])
    await clock.live(86_400_000)
    for (const { begun } of all) expect([2, 3]).toContain(begun.length)
  })

  it('begins no look of what was removed, and tells the one under way that it was left', async () => {
    run()
    const [target] = targets(1, { takes: Infinity })
    await clock.live(10_000)
    scheduler.remove(target!)
    await clock.live(60_000)
    expect(target).toMatchObject({ ended: ['LeftError'], missedLooks: 0 })
    expect(scheduler.load).toEqual({ running: 0, waiting: 0 })
  })
})

describe('targets that hang', () => {
  it('are left at their timeout, never looked at twice at once, and what they miss is counted', async () => {
    run()
    const [target] = targets(1, { every: 1_000, timeout: 2_500, takes: Infinity })
    await clock.live(10_000)
    expect(target!.most).toBe(1)
    expect(target!.begun.length + target!.missedLooks).toBe(10)
    expect(target!.missedLooks).toBeGreaterThanOrEqual(5)
    expect(new Set(target!.ended)).toEqual(new Set(['LateError']))
  })

  it('delay nobody else, however many they are', async () => {
    run({ prompt: 50, slow: 50, all: 1_000 })
    const hanging = targets(2_000, { timeout: 9_000, takes: Infinity }, 'hangs')
    await clock.live(60_000)
    const well = targets(200)
    await clock.live(20_020)
    const gaps = well.map(({ begun: [first = 0, second = 0] }) => second - first)
    expect(gaps.filter((gap) => Math.abs(gap - 10_000) > 20)).toEqual([])
    // They are looked at all the same, as often as there is room.
    const before = looks(hanging)
    await clock.live(60_000)
    expect(looks(hanging) - before).toBeGreaterThan(200)
  })

  it('do not keep their place when they ignore that their time is over', async () => {
    run({ prompt: 1, slow: 1, all: 2 })
    const [deaf] = targets(1, { takes: 600_000 }, 'deaf')
    const listen = deaf!.look.bind(deaf!)
    deaf!.look = (_signal, look) => listen(new AbortController().signal, look)
    const [well] = targets(1, {}, 'well')
    await clock.live(60_000)
    expect(well!.begun.length).toBeGreaterThanOrEqual(3)
  })

  it('are slow no more once they answer quickly again', async () => {
    run({ prompt: 100, slow: 1, all: 100 })
    const all = targets(20, { takes: Infinity })
    await clock.live(60_000)
    for (const target of all) target.takes = 0
    await clock.live(60_000)
    const before = looks(all)
    await clock.live(10_000)
    expect(looks(all) - before).toBe(20)
  })
})

describe('time', () => {
  it('that was slept through makes no storm: what was missed is counted, and looks stay spread', async () => {
    run()
    const all = targets(1_000)
    await clock.live(20_000)
    const before = looks(all)
    clock.go(3_600_000)
    await clock.live(0)
    expect(looks(all) - before).toBeLessThan(150)
    await clock.live(10_000)
    expect(looks(all) - before).toBeLessThan(1_150)
    for (const target of all) expect(target.missedLooks).toBeGreaterThanOrEqual(359)
    expect(Math.max(...all.map(({ missedLooks }) => missedLooks))).toBeLessThanOrEqual(361)
  })

  it('that was slept through is not held against whoever was being looked at', async () => {
    run()
    const [target] = targets(1, { takes: Infinity })
    for (let waited = 0; target!.begun.length === 0 && waited < 10_000; waited += 100) await clock.live(100)
    clock.go(3_600_000)
    await clock.live(0)
    expect(target!.ended).toEqual(['StalledError'])
  })

  it('of the wall clock is nobody’s business: an hour back or forward changes no look', async () => {
    run()
    const all = targets(100)
    await clock.live(20_000)
    clock.turn(-3_600_000)
    await clock.live(20_000)
    clock.turn(7_200_000)
    await clock.live(20_000)
    expect(looks(all)).toBe(600)
    expect(all.reduce((sum, { missedLooks }) => sum + missedLooks, 0)).toBe(0)
  })
})

describe('an extra look', () => {
  it('begins at once, and joins the one under way', async () => {
    run()
    const [target] = targets(1, { every: 3_600_000, takes: 500 })
    const both = Promise.all([scheduler.now(target!), scheduler.now(target!)])
    await clock.live(501)
    await both
    expect(target!.ended).toEqual(['extra well'])
  })

  it('counts as the regular one when its turn comes meanwhile', async () => {
    run()
    const [target] = targets(1, { every: 1_000, timeout: 5_000, takes: 1_500 })
    void scheduler.now(target!)
    await clock.live(2_000)
    expect(target!.ended[0]).toBe('well')
  })

  it('of what is gone ends at once', async () => {
    run()
    const [target] = targets(1)
    scheduler.remove(target!)
    await scheduler.now(target!)
    expect(target!.begun).toEqual([])
  })
})
