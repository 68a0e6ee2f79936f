import { mkdtemp, open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '@longshore/core'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { medianOf } from '../src/series/latency.js'
import { fineStep, Series, type Charted } from '../src/series/series.js'

const begin = Date.parse('2026-03-01T00:00:00.000Z')
const [minute, hour, day] = [60_000, 3_600_000, 86_400_000]
const log = createLogger({ level: 'error', to: { write: (text: string) => void problems.push(text) } })
const problems: string[] = []
const [one, two] = ['a'.repeat(40), 'b'.repeat(40)]

let folder: string
beforeEach(async () => {
  problems.length = 0
  folder = await mkdtemp(join(tmpdir(), 'longshore-series-'))
  onTestFinished(async () => {
    await rm(folder, { recursive: true, force: true })
    expect(problems).toEqual([])
  })
})

function check(name: string, service = 'hello', every = 10_000): Charted {
  return { key: `${service}/${name}`, service, name, every }
}

async function opened(checks: readonly Charted[], now = begin): Promise<Series> {
  const series = new Series(folder, log)
  await series.open()
  series.keep(checks, now)
  return series
}

type Say = Partial<Parameters<Series['take']>[1]>
const say = (series: Series, at: number, more: Say = {}, key = 'hello/ready') =>
  series.take(key, { at, sha: one, state: 'healthy', took: 10, ...more })

/** Looks each ten seconds for so long. */
function watch(series: Series, from: number, span: number, more: Say = {}, key?: string): void {
  for (let at = from; at < from + span; at += 10_000) say(series, at, more, key)
}

const fine = (series: Series, now: number, key = 'hello/ready') =>
  series.steps(key, 'fine', now - day + 1, now)
const coarse = (series: Series, now: number, key = 'hello/ready') =>
  series.steps(key, 'coarse', now - 30 * day + 1, now)
const sum = (steps: { values: number[] }[], field: number) =>
  steps.reduce((all, { values }) => all + values[field]!, 0)

describe('the series of a check', () => {
  it('count what was said in five minutes for a day, and in an hour for 30 days', async () => {
    const series = await opened([check('ready')])
    watch(series, begin, 40 * day)
    const now = begin + 40 * day - 1
    expect(fine(series, now)).toHaveLength(288)
    expect(fine(series, now).every(({ values }) => values[0] === 30)).toBe(true)
    expect(coarse(series, now)).toHaveLength(720)
    expect(sum(coarse(series, now), 0)).toBe((30 * day) / 10_000)
    await series.close()
  })

  it('tell the median and the 95th latency of each five minutes, also of those that are not over', async () => {
    const series = await opened([check('ready')])
    for (let look = 1; look <= 20; look++) say(series, begin + look * 1_000, { took: look })
    const [first] = fine(series, begin + minute)
    expect(first!.values.slice(4)).toEqual([100, 190])
    say(series, begin + fineStep, { took: 250_000 })
    const [, next] = fine(series, begin + fineStep)
    expect(next!.values[4]! - 0x8000).toBe(25_000)
    await series.close()
  })

  it('keep ill, unknown and missed looks apart', async () => {
    const series = await opened([check('ready')])
    say(series, begin)
    say(series, begin, { state: 'unhealthy', reason: '503' })
    say(series, begin, { state: 'unknown', reason: 'blind' })
    series.missed('hello/ready', 7, begin)
    expect(fine(series, begin)[0]!.values.slice(0, 4)).toEqual([1, 1, 1, 7])
    expect(coarse(series, begin)[0]!.values).toEqual([1, 1, 1])
    await series.close()
  })

  it('are there after a restart, and go on in the same five minutes', async () => {
    const first = await opened([check('ready')])
    watch(first, begin, 3 * hour + 2 * minute)
    await first.close()
    const second = await opened([check('ready')])
    const now = begin + 3 * hour + 2 * minute
    expect(sum(fine(second, now), 0)).toBe(1_092)
    expect(sum(coarse(second, now), 0)).toBe(1_092)
    say(second, now)
    expect(fine(second, now).at(-1)!.values[0]).toBe(13)
    expect(coarse(second, now).at(-1)!.values[0]).toBe(13)
    await second.close()
  })

  it('lose at most minutes when Longshore is killed', async () => {
    const killed = await opened([check('ready')])
    watch(killed, begin, 2 * hour + 7 * minute)
    // What is over is written at once; nothing tells of it but the file.
    await expect
      .poll(() => readFile(join(folder, 'live.json'), 'utf8').catch(() => ''))
      .toMatch(/"healthy":7[56]/)
    const after = await opened([check('ready')])
    const now = begin + 2 * hour + 7 * minute
    expect(sum(fine(after, now), 0)).toBeGreaterThanOrEqual(750)
    expect(sum(coarse(after, now), 0)).toBeGreaterThanOrEqual(750)
    const [record] = (await after.commits('hello')).get('ready')!
    expect(record!.healthy).toBeGreaterThanOrEqual(750)
    await after.close()
    await killed.close()
  })

  it('lose only what was half written', async () => {
    const first = await opened([check('ready')])
    watch(first, begin, hour)
    await first.close()
    const file = await open(join(folder, 'minutes'), 'r+')
    const { size } = await file.stat()
    const row = (size - 16) / 289
    const step = Math.floor((begin + 10 * minute) / fineStep) % 289
    await file.write(Buffer.from([0xff, 0xff]), 0, 2, 16 + step * row + 20)
    await file.close()
    const second = await opened([check('ready')])
    expect(sum(fine(second, begin + hour), 0)).toBe(330)
    await second.close()
  })

  it('begin anew where a file is none of ours', async () => {
    const first = await opened([check('ready')])
    watch(first, begin, hour)
    await first.close()
    for (const name of ['minutes', 'hours', 'live.json', 'slots.json']) {
      const file = await open(join(folder, name), 'w')
      await file.write('something else, and more of it')
      await file.close()
    }
    const second = await opened([check('ready')])
    expect(fine(second, begin + hour)).toEqual([])
    watch(second, begin, hour)
    await second.close()
    const third = await opened([check('ready')])
    expect(sum(fine(third, begin + hour), 0)).toBe(360)
    await third.close()
  })
})

describe('a clock that is set back', () => {
  it('by an hour spoils nothing: the same minutes go on, and no other', async () => {
    const series = await opened([check('ready')])
    watch(series, begin, 3 * hour)
    watch(series, begin + 2 * hour, 2 * hour, { state: 'unhealthy', reason: '503' })
    const now = begin + 4 * hour
    expect([sum(fine(series, now), 0), sum(fine(series, now), 1)]).toEqual([1_080, 720])
    expect(fine(series, now).map(({ at }) => at)).toEqual(
      [...Array(48).keys()].map((step) => begin + step * fineStep),
    )
    await series.close()
    const again = await opened([check('ready')])
    expect([sum(fine(again, now), 0), sum(fine(again, now), 1)]).toEqual([1_080, 720])
    expect([sum(coarse(again, now), 0), sum(coarse(again, now), 1)]).toEqual([1_080, 720])
    await again.close()
  })

  it('by a year leaves no future behind', async () => {
    const series = await opened([check('ready')])
    watch(series, begin, hour)
    watch(series, begin + 365 * day, hour)
    watch(series, begin + hour, hour)
    const now = begin + 2 * hour
    expect(sum(fine(series, now), 0)).toBeGreaterThanOrEqual(360)
    expect(Math.max(...fine(series, now).map(({ at }) => at))).toBeLessThan(now)
    await series.close()
  })
})

describe('checks that come and go', () => {
  it('give their place to others, who see nothing of what was there, also after a restart', async () => {
    const first = await opened([check('ready'), check('other')])
    for (const { key } of [check('ready'), check('other')]) watch(first, begin, hour, {}, key)
    await first.close()
    const now = begin + hour
    const second = await opened([check('other'), check('third')], now)
    expect(fine(second, now, 'hello/third')).toEqual([])
    say(second, now, {}, 'hello/third')
    await second.close()
    const third = await opened([check('other'), check('third')], now)
    expect(sum(fine(third, now, 'hello/third'), 0)).toBe(1)
    expect(sum(coarse(third, now, 'hello/third'), 0)).toBe(1)
    expect(sum(fine(third, now, 'hello/other'), 0)).toBe(360)
    expect(fine(third, now, 'hello/ready')).toEqual([])
    await third.close()
  })

  it('find room when there are many more', async () => {
    const few = [check('ready')]
    const series = await opened(few)
    watch(series, begin, hour)
    const many = [...few, ...Array.from({ length: 200 }, (_, index) => check(`c${index}`))]
    series.keep(many, begin + hour)
    for (const { key } of many) say(series, begin + hour, {}, key)
    await series.close()
    const again = await opened(many)
    expect(sum(fine(again, begin + hour), 0)).toBe(361)
    expect(sum(fine(again, begin + hour, 'hello/c199'), 0)).toBe(1)
    await again.close()
  })
})

describe('what is known by commit', () => {
  it('is when it ran, how it fared and why it was ill last, the newest first', async () => {
    const series = await opened([check('ready')])
    watch(series, begin, hour, { took: 12 })
    for (let look = 0; look < 5; look++)
      say(series, begin + hour + look * 5_000, {
        sha: two,
        state: 'unhealthy',
        reason: `500, ${look}`,
        took: 40,
      })
    const [bad, good] = (await series.commits('hello')).get('ready')!
    expect(bad).toMatchObject({ sha: two, healthy: 0, ill: 5, since: begin + hour, ran: 20_000 })
    expect(bad!.ills).toEqual(
      [4, 3, 2].map((look) => ({ at: begin + hour + look * 5_000, reason: `500, ${look}` })),
    )
    expect(good).toMatchObject({
      sha: one,
      healthy: 360,
      ill: 0,
      since: begin,
      until: begin + hour - 10_000,
      ills: [],
    })
    expect(medianOf(binsOf(good!.bins))).toBeGreaterThan(10.8)
    expect(medianOf(binsOf(good!.bins))).toBeLessThan(13.2)
    await series.close()
  })

  it('goes on where a commit comes back, and is remembered for the last 20', async () => {
    const series = await opened([check('ready')])
    const shas = Array.from({ length: 25 }, (_, index) => index.toString(16).padStart(40, '0'))
    for (const [index, sha] of shas.entries()) watch(series, begin + index * hour, minute, { sha })
    watch(series, begin + 30 * hour, minute, { sha: shas[20] })
    const before = (await series.commits('hello')).get('ready')!
    expect(before).toHaveLength(20)
    expect(before[0]).toMatchObject({ sha: shas[20], healthy: 12, since: begin + 20 * hour, ran: 100_000 })
    expect(before.filter(({ sha }) => sha === shas[20])).toHaveLength(1)
    await series.close()
    const again = await opened([check('ready')])
    expect((await again.commits('hello')).get('ready')).toEqual(before)
    await again.close()
  })

  it('goes with its service and its check', async () => {
    const series = await opened([check('ready'), check('ready', 'other')])
    for (const key of ['hello/ready', 'other/ready'])
      for (const sha of [one, two]) say(series, begin, { sha }, key)
    series.keep([check('other'), check('ready', 'other')], begin)
    say(series, begin, {}, 'hello/other')
    expect((await series.commits('hello')).get('ready')).toBeUndefined()
    series.keep([check('ready', 'other')], begin)
    await series.close()
    expect(await readdir(join(folder, 'commits'))).toEqual(['other.json'])
  })
})

function binsOf(counts: Record<string, number>): number[] {
  return Array.from({ length: 64 }, (_, bin) => counts[bin] ?? 0)
}

it('takes less than 64 MiB for 5,000 checks and 30 days, in memory and on disk', async () => {
  const checks = Array.from({ length: 5_000 }, (_, index) => check('ready', `service-${index}`))
  const collect = (globalThis as { gc?: () => void }).gc ?? (() => undefined)
  collect()
  const used = () => {
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return (heapUsed + arrayBuffers) / 2 ** 20
  }
  const before = used()
  const series = await opened(checks)
  // Some looks in 30 days, so that everything is there that will be; then an hour as it is.
  for (let at = begin; at < begin + 30 * day; at += 12 * hour)
    for (const { key } of checks) say(series, at, { sha: one }, key)
  for (let at = begin + 30 * day; at < begin + 30 * day + hour; at += minute)
    for (const { key } of checks) say(series, at, { sha: two }, key)
  const grown = used() - before
  await series.close()
  let disk = 0
  for (const name of await readdir(folder))
    if (name !== 'commits') disk += (await stat(join(folder, name))).size / 2 ** 20
  console.log(`5,000 checks: ${grown.toFixed(1)} MiB in memory, ${disk.toFixed(1)} MiB on disk`)
  expect(grown).toBeLessThan(64)
  expect(disk).toBeLessThan(64)
}, 120_000)
