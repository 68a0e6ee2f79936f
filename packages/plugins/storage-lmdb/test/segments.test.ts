import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { madeEvents, madeSince } from '@longshore/core/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LmdbStorage } from '../src/storage.js'
import { makePlace, until, type Place } from './place.js'

const segment = 100
let place: Place
beforeEach(async () => {
  place = await makePlace(segment)
})
afterEach(() => place.remove())

async function fill(storage: LmdbStorage, to: number): Promise<void> {
  for (let from = storage.last() + 1; from <= to; from += 50) {
    await storage.commit({ events: madeEvents(Math.min(50, to - from + 1), from), documents: [] })
  }
  // What is a segment or more is sealed; commits that hurry leave the last one for the next commit.
  await until('sealed', () => storage.last() - storage.recent.first < 2 * segment)
}

function files(): string[] {
  return readdirSync(join(place.folder, 'segments')).filter((name) => name.endsWith('.mdb'))
}

function diskUsed(): number {
  const all = readdirSync(place.folder, { recursive: true, withFileTypes: true }).filter((file) =>
    file.isFile(),
  )
  return all.reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0)
}

describe('sealing', () => {
  it('moves old events into files and answers as before, also after a start', async () => {
    const { storage, close } = await place.open()
    await fill(storage, 1_050)
    expect(files().length).toBeGreaterThanOrEqual(8)
    const before = await storage.events({ service: 'api', limit: 1_000 })
    const sealed = storage.recent.first
    await close()
    const again = (await place.open()).storage
    expect(again.recent.first).toBe(sealed)
    expect(await again.events({ service: 'api', limit: 1_000 })).toEqual(before)
    expect((await again.events({ after: 0, limit: 2_000 })).events).toEqual(madeEvents(1_050))
    expect(place.reports).toEqual([])
  })

  it('keeps reading right while it goes on', async () => {
    const { storage } = await place.open()
    const all = madeEvents(1_500).filter(({ service }) => service === 'web')
    const filling = fill(storage, 1_500)
    let reads = 0
    while (storage.last() < 1_500) {
      const last = storage.last()
      const { events } = await storage.events({ service: 'web', limit: 1_000, before: last + 1 })
      const wanted = all.filter(({ seq }) => seq <= last).reverse()
      expect(events).toEqual(wanted.slice(0, 1_000))
      reads++
      // What is open already is read without a turn of the event loop.
      await turn()
    }
    await filling
    expect(reads).toBeGreaterThan(3)
  })

  it('uses more segments than it keeps open', async () => {
    const { storage, close } = await place.open()
    await fill(storage, 8_000)
    await close()
    const again = (await place.open()).storage
    const query = { kind: 'hold.placed', limit: 5_000 }
    let found = 0
    for (let next: number | undefined = 0; next !== undefined;) {
      const page = await again.events({ ...query, after: next })
      found += page.events.length
      next = page.next
    }
    expect(found).toBe(2_000)
  })
})

describe('a search', () => {
  it('gives a page back after a bounded look, and goes on from there', async () => {
    const { storage } = await place.open(65_536)
    for (let from = 1; from < 12_000; from += 1_000) {
      await storage.commit({ events: madeEvents(1_000, from), documents: [] })
    }
    const first = await storage.events({ search: 'line 17\n', limit: 10 })
    expect(first.events).toEqual([])
    expect(first.next).toBeGreaterThan(1)
    const second = await storage.events({ search: 'line 17\n', limit: 10, before: first.next! })
    const third = await storage.events({ search: 'line 17\n', limit: 10, before: second.next! })
    expect(third.events.map(({ seq }) => seq)).toEqual([17])
  })
})

describe('pruning', () => {
  it('gives the disk back, and keeps it after a start', async () => {
    const { storage, close } = await place.open()
    await fill(storage, 5_000)
    const before = diskUsed()
    expect(await storage.prune(madeSince + 4_750_000)).toBe(4_750)
    expect(diskUsed()).toBeLessThan(before / 3)
    expect(files().length).toBeLessThanOrEqual(3)
    await close()
    const again = (await place.open()).storage
    expect((await again.events({ after: 0, limit: 1_000 })).events).toEqual(madeEvents(250, 4_751))
    expect(again.last()).toBe(5_000)
  })

  it('gives back what takes more room than it may, from the oldest on', async () => {
    const { storage } = await place.open()
    await fill(storage, 5_000)
    const before = diskUsed()
    expect(await storage.prune(0, before)).toBe(0)
    const gone = await storage.prune(0, before / 4)
    expect(gone).toBeGreaterThan(2_500)
    expect(diskUsed()).toBeLessThan(before / 2)
    const { events } = await storage.events({ after: 0, limit: 1 })
    expect(events[0]?.seq).toBe(gone + 1)
  })

  it('keeps the disk steady when the same is written and pruned again and again', async () => {
    const { storage } = await place.open()
    const sizes: number[] = []
    for (let cycle = 1; cycle <= 8; cycle++) {
      await fill(storage, cycle * 1_000)
      await storage.prune(madeSince + (cycle - 1) * 1_000_000)
      sizes.push(diskUsed())
    }
    // The file that changes may be up to a few hundred events larger in one cycle than in another.
    expect(sizes.at(-1)).toBeLessThan(sizes[1]! * 1.5)
  })
})
