import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Series } from '../src/series/series.js'

let folder: string
let series: Series

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-series-'))
  series = new Series(folder)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const begin = Date.parse('2026-01-01T00:00:00Z')
const hour = 3_600_000

/** A sample every ten seconds, a little late each. */
async function run(from: number, to: number, cpu: (index: number) => number = () => 10): Promise<void> {
  for (let time = from, index = 0; time < to; time += 10_000, index++) {
    const late = (index * 7) % 40
    await series.add('hello', [
      {
        time: new Date(begin + time + late).toISOString(),
        instance: 'i1',
        cpu: cpu(index),
        networkIn: index,
      },
    ])
  }
}

async function read(from: number, to: number, step: number, now = to) {
  const found = await series.read('hello', { from: begin + from, to: begin + to, step }, begin + now)
  return found[0]?.points ?? []
}

it('a gap is a gap, and steps that are merged tell mean, least and most', async () => {
  await run(0, 600_000, (index) => index)
  await run(1_200_000, 1_800_000)
  const fine = await read(0, 1_800_000, 10_000)
  expect(fine).toHaveLength(120)
  expect(fine.some(({ time }) => time >= begin + 600_000 && time < begin + 1_200_000)).toBe(false)
  const [minute] = await read(0, 1_800_000, 60_000)
  expect(minute).toMatchObject({ time: begin, point: { count: 6 } })
  expect([minute!.point.values[0], minute!.point.least[0], minute!.point.most[0]]).toEqual([2.5, 0, 5])
  // Of a counter, the last value; what was never told is not there.
  expect(minute!.point.values[3]).toBe(5)
  expect(minute!.point.values[1]).toBeNaN()
})

it('stays as it is over a restart in the middle of a minute', async () => {
  await run(0, 90_000)
  await series.flush()
  series = new Series(folder)
  await run(90_000, 180_000)
  await series.flush()
  expect(await read(0, 180_000, 10_000)).toHaveLength(18)
  const minutes = await read(0, 180_000, 60_000, 72 * hour)
  expect(minutes.map(({ point }) => point.count)).toEqual([6, 6, 6])
})

it('goes back two days in steps of 10 s and two weeks in minutes, in files that do not grow', async () => {
  await run(0, hour)
  await run(70 * hour, 71 * hour)
  const now = 71 * hour
  expect(await read(0, hour, 60_000, now)).toHaveLength(60)
  expect(await read(70 * hour, now, 10_000, now)).toHaveLength(360)
  await run(15 * 24 * hour, 15 * 24 * hour + hour)
  await series.flush()
  const files = readdirSync(join(folder, 'series', 'hello'))
  expect(files.sort()).toEqual(['i1.10s', 'i1.1m'])
  for (const name of files) expect(statSync(join(folder, 'series', 'hello', name)).size).toBeLessThan(2.5e6)
})
