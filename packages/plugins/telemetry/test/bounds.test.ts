import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { needs } from '@longshore/core/testkit'
import type { LogLine } from '@longshore/core'
import { Archive, readArchive, Searches } from '@longshore/telemetry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

let folder: string
let searches: Searches
const told: unknown[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-bounds-'))
  searches = new Searches()
  told.length = 0
})
afterEach(() => searches.close())

const opened = () =>
  Archive.open({
    directory: join(folder, 'hello'),
    size: 2 ** 30,
    segmentAge: 86_400_000,
    knownOf: async () => undefined,
    trouble: (error) => void told.push(error),
  })

function lines(from: number, count: number): LogLine[] {
  return Array.from({ length: count }, (_, index) => ({
    time: from + index,
    instance: 'i1',
    stream: 'stdout',
    // Does not compress: the disk shall get full.
    bytes: Buffer.from(
      `${from + index} ${Array.from({ length: 12 }, () => Math.random().toString(36)).join('')}`,
    ),
    partial: false,
  }))
}

async function count(archive: Archive) {
  let [found, skipped, last] = [0, 0, 0]
  for await (const each of await readArchive(archive, {}, searches, new AbortController().signal)) {
    skipped += each.skipped
    found += each.records?.times.length ?? 0
    last = each.records?.times.at(-1) ?? last
  }
  return { found, skipped, last }
}

describe('a line of 200 MB without an end', () => {
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('is kept in parts, and memory stays flat', async () => {
    const archive = await opened()
    const part = Buffer.alloc(16_384, 'x')
    const before = process.memoryUsage().rss
    let most = 0
    for (let number = 0; number < 12_800; number += 16) {
      const parts = Array.from({ length: 16 }, (_, index) => ({
        time: number + index,
        instance: 'i1',
        stream: 'stdout' as const,
        bytes: part,
        partial: true,
      }))
      await archive.append(parts)
      most = Math.max(most, process.memoryUsage().rss - before)
    }
    expect((await count(archive)).found).toBe(12_800)
    expect(most).toBeLessThan(120 * 2 ** 20)
    await archive.close()
  })
})

describe('on a disk of 8 MiB', needs('tmpfs'), () => {
  beforeEach(() => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', folder])
  })
  afterEach(() => {
    execFileSync('umount', ['--lazy', folder])
    rmdirSync(folder)
  })

  it('what finds no room is counted, is told once, can be read live, and keeping goes on by itself', async () => {
    const filler = join(folder, 'filler')
    writeFileSync(filler, Buffer.alloc(5 * 2 ** 20))
    const archive = await opened()
    let given = 0
    for (; given < 60_000; given += 500) await archive.append(lines(given, 500))
    expect(told).toHaveLength(1)
    const full = await count(archive)
    expect(full.skipped).toBeGreaterThan(0)
    expect(full).toMatchObject({ found: given - full.skipped, last: given - 1 })

    rmSync(filler)
    for (const end = given + 5_000; given < end; given += 500) await archive.append(lines(given, 500))
    expect(told).toMatchObject([{ code: 'ENOSPC' }, undefined])
    await archive.close()
    const again = await opened()
    const after = await count(again)
    expect(after.found + after.skipped).toBe(given)
    expect(after.last).toBe(given - 1)
    await again.close()
  })
})
