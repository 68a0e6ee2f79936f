import { createHash } from 'node:crypto'
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LogLine } from '@longshore/core'
import { Archive, readArchive, Searches, type ArchiveOptions } from '@longshore/telemetry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

let folder: string
let searches: Searches
const open = new Set<Archive>()

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-archive-'))
  searches = new Searches()
})
afterEach(async () => {
  searches.close()
  for (const archive of open) await archive.close()
  open.clear()
  rmSync(folder, { recursive: true, force: true })
})

async function opened(options: Partial<ArchiveOptions> = {}): Promise<Archive> {
  const archive = await Archive.open({
    directory: join(folder, 'hello'),
    size: 2 ** 30,
    segmentAge: 86_400_000,
    knownOf: async (instance) => ({ deployment: `deployment-of-${instance}` }),
    trouble: () => undefined,
    ...options,
  })
  open.add(archive)
  return archive
}

const begin = Date.parse('2026-01-01T00:00:00Z')

function line(number: number, text = `line ${number}`, more: Partial<LogLine> = {}): LogLine {
  return {
    time: begin + number,
    instance: 'i1',
    stream: 'stdout',
    bytes: Buffer.from(text),
    partial: false,
    ...more,
  }
}

/** So many lines of 100 bytes, each beginning with its number. */
async function fill(archive: Archive, from: number, count: number): Promise<void> {
  for (let at = from; at < from + count; at += 1000) {
    const lines = Array.from({ length: Math.min(1000, from + count - at) }, (_, index) => {
      const digest = createHash('md5')
        .update(`${at + index}`)
        .digest('hex')
      return line(at + index, `${at + index} ${digest}`.padEnd(99, '.'))
    })
    await archive.append(lines)
  }
}

async function read(archive: Archive, query: Parameters<typeof readArchive>[1] = {}) {
  const texts: string[] = []
  let skipped = 0
  for await (const found of await readArchive(archive, query, searches, new AbortController().signal)) {
    skipped += found.skipped
    if (found.records)
      texts.push(...Buffer.from(found.records.text).toString('latin1').split('\n').slice(0, -1))
  }
  return { texts, skipped }
}

const files = () => readdirSync(join(folder, 'hello')).sort()

describe('what is kept', () => {
  it('is read as it was given, byte by byte, also by the next Longshore', async () => {
    const wild = Buffer.from([0xff, 0xfe, 0x00, 0x0d, 0x1b, 0x5b, 0xc3, 0x28])
    const archive = await opened()
    await archive.append([line(1, ''), line(2, 'a'), { ...line(3), bytes: wild }])
    await archive.close()
    const again = await opened()
    expect(await read(again)).toEqual({ texts: ['', 'a', wild.toString('latin1')], skipped: 0 })
  })

  it('goes into compressed blocks, and is all there in order', async () => {
    const archive = await opened()
    await fill(archive, 0, 50_000)
    const { texts, skipped } = await read(archive)
    expect(skipped).toBe(0)
    expect(texts.map((text) => Number.parseInt(text))).toEqual(
      Array.from({ length: 50_000 }, (_, index) => index),
    )
    const bytes = files().reduce((sum, name) => sum + statSync(join(folder, 'hello', name)).size, 0)
    expect(bytes).toBeLessThan(50_000 * 60)
  })

  it('is found by instance, deployment, stream, time and the last ones', async () => {
    const archive = await opened()
    await archive.append([
      line(1, 'a'),
      line(2, 'b', { instance: 'i2' }),
      line(3, 'c', { stream: 'stderr' }),
      line(4, 'd', { instance: 'i2' }),
    ])
    expect((await read(archive, { instance: 'i2' })).texts).toEqual(['b', 'd'])
    expect((await read(archive, { deployment: 'deployment-of-i1' })).texts).toEqual(['a', 'c'])
    expect((await read(archive, { stream: 'stderr' })).texts).toEqual(['c'])
    expect((await read(archive, { since: begin + 2, until: begin + 3 })).texts).toEqual(['b', 'c'])
    expect((await read(archive, { tail: 2 })).texts).toEqual(['c', 'd'])
    expect((await read(archive, { tail: 1, instance: 'i1' })).texts).toEqual(['c'])
    expect((await read(archive, { tail: 0 })).texts).toEqual([])
    await fill(archive, 10, 20_000)
    const { texts } = await read(archive, { tail: 7_000 })
    expect([texts.length, Number.parseInt(texts[0]!), Number.parseInt(texts.at(-1)!)]).toEqual([
      7_000, 13_010, 20_009,
    ])
    expect((await read(archive, { since: begin + 20_000 })).texts).toHaveLength(10)
    expect((await read(archive, { tail: 3, search: 'b' })).texts.every((text) => text.includes('b'))).toBe(
      true,
    )
  })

  it('of several instances is read in time order', async () => {
    const archive = await opened()
    await archive.append([line(5, 'five'), line(3, 'three', { instance: 'i2' }), line(4, 'four')])
    expect((await read(archive)).texts).toEqual(['three', 'four', 'five'])
  })

  it('says how many lines are gone, for whatever reason', async () => {
    const archive = await opened()
    await archive.append([line(1)])
    await archive.append([line(2)], 5)
    await archive.append([], 3)
    await archive.append([line(3)])
    expect(await read(archive)).toEqual({ texts: ['line 1', 'line 2', 'line 3'], skipped: 8 })
    expect((await read(archive, { since: 0 })).skipped).toBe(0)
  })
})

describe('its bounds', () => {
  it('keep it below its size: the oldest lines go, and are told as skipped', async () => {
    const archive = await opened({ size: 2 ** 20 })
    await fill(archive, 0, 100_000)
    const bytes = files().reduce((sum, name) => sum + statSync(join(folder, 'hello', name)).size, 0)
    expect(bytes).toBeLessThan(2 ** 20 + 600 * 1024)
    const { texts, skipped } = await read(archive)
    expect(skipped).toBeGreaterThan(0)
    expect(Number.parseInt(texts[0]!)).toBe(skipped)
    expect(skipped + texts.length).toBe(100_000)
  })

  it('keep it below its age, a segment at a time', async () => {
    const archive = await opened({ segmentAge: 10_000 })
    await fill(archive, 0, 50_000)
    await archive.sweep(begin + 30_000)
    const { texts, skipped } = await read(archive)
    expect(Number.parseInt(texts[0]!)).toBe(skipped)
    expect(skipped).toBeGreaterThan(10_000)
    expect(skipped).toBeLessThanOrEqual(30_000)
    await archive.sweep(begin + 1_000_000)
    expect(archive.first).toBe(archive.end)
  })
})

describe('after a crash', () => {
  it('a torn end of the open file is cut at the last whole write', async () => {
    const archive = await opened()
    await archive.append([line(1)])
    await archive.append([line(2)])
    await archive.close()
    const path = join(folder, 'hello', 'open')
    truncateSync(path, statSync(path).size - 3)
    const again = await opened()
    expect((await read(again)).texts).toEqual(['line 1'])
    await again.append([line(2)])
    expect((await read(again)).texts).toEqual(['line 1', 'line 2'])
  })

  it('a torn or damaged last block of a segment is cut, and writing goes on behind what is whole', async () => {
    const archive = await opened()
    await fill(archive, 0, 20_000)
    const kept = readFileSync(join(folder, 'hello', 'open'))
    await archive.close()
    const name = files().find((each) => each.endsWith('.log'))!
    const path = join(folder, 'hello', name)
    const before = archive.segments[0]!.end
    appendFileSync(path, kept.subarray(0, 40))
    const again = await opened()
    expect((await read(again)).texts).toHaveLength(20_000)
    await again.close()
    truncateSync(path, statSync(path).size - 3)
    const cut = await opened()
    expect(cut.segments[0]!.end).toBeLessThan(before)
    const { texts, skipped } = await read(cut)
    expect(texts.length + skipped).toBe(20_000)
    expect(new Set(texts.map((text) => Number.parseInt(text))).size).toBe(texts.length)
  })

  it('between the block and the emptying of the open file, no line is there twice', async () => {
    const archive = await opened()
    await fill(archive, 0, 5_000)
    const open = readFileSync(join(folder, 'hello', 'open'))
    await fill(archive, 5_000, 5_000)
    await archive.close()
    const path = join(folder, 'hello', 'open')
    const rest = readFileSync(path)
    truncateSync(path)
    appendFileSync(path, Buffer.concat([open, rest]))
    const { texts } = await read(await opened())
    expect(texts).toHaveLength(10_000)
  })
})
