import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { EventQuery } from '@longshore/core'
import { madeEvents, madeSince } from '@longshore/core/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkBackup } from '../src/backup.js'
import { putLast, writeTogether } from '../src/client.js'
import { format, numberOf, openJournalFile, setNumbers, type JournalFile } from '../src/journal-file.js'
import { encodeEvent } from '../src/record.js'
import { crcOf, openSegmentFile, segmentPath, wordKey, type SegmentEntry } from '../src/segment-file.js'
import { readCatalogue } from '../src/segments.js'
import type { LmdbStorage } from '../src/storage.js'
import { WordIndex } from '../src/words.js'
import { makePlace, until, type Place } from './place.js'

const segment = 100
let place: Place
beforeEach(async () => {
  place = await makePlace(segment)
})
afterEach(() => place.remove())

async function fill(storage: LmdbStorage, to: number): Promise<void> {
  for (let from = storage.last() + 1; from <= to; from += 50) {
    await storage.commit({ events: madeEvents(50, from), documents: [] })
  }
  await until('sealed', () => storage.last() - storage.recent.first < 2 * segment)
}

describe('the format', () => {
  const empty = () => undefined
  beforeEach(async () => {
    const { storage, close } = await place.open()
    await storage.commit({ events: madeEvents(10), documents: [] })
    await close()
  })

  it('of a later version is refused, and left as it is', async () => {
    const later = { target: format + 1, migrations: { [format]: empty } }
    const file = await openJournalFile(place.folder, later)
    await file.environment.close()
    await expect(place.open()).rejects.toMatchObject({ code: 'STORAGE_NEWER' })
    const again = await openJournalFile(place.folder, { ...later, migrations: {} })
    await again.environment.close()
  })

  it('of an earlier version is brought up step by step, once', async () => {
    const steps: number[] = []
    const migrations = {
      [format]: () => void steps.push(1),
      [format + 1]: ({ documents }: JournalFile) => {
        steps.push(2)
        void documents.put(['a', 'migrated'], Buffer.from('true'))
      },
    }
    for (let opens = 0; opens < 2; opens++) {
      const file = await openJournalFile(place.folder, { target: format + 2, migrations })
      expect(file.documents.get(['a', 'migrated'])?.toString()).toBe('true')
      await file.environment.close()
    }
    expect(steps).toEqual([1, 2])
  })
})

/** Makes of a closed store one that was written by format 1: a record for each event in its segments, in order. */
async function makeFormat1(folder: string): Promise<SegmentEntry[]> {
  const file = await openJournalFile(folder)
  const entries: SegmentEntry[] = []
  for (const { first, last } of readCatalogue(file.segments)) {
    const entry = await writeFormat1(join(folder, 'segments'), first, last)
    const bytes = Buffer.from(JSON.stringify(entry))
    await writeTogether(file.environment, () => void file.segments.put(first, bytes))
    entries.push(entry)
  }
  await setNumbers(file, { format: 1 })
  await file.environment.close()
  return entries
}

async function writeFormat1(folder: string, first: number, last: number): Promise<SegmentEntry> {
  const path = segmentPath(folder, first)
  rmSync(path)
  const { environment, events, index } = openSegmentFile(path, 'bulk')
  const words = new WordIndex()
  const made = madeEvents(last - first + 1, first)
  for (const event of made) words.add(event)
  const records = made.map(encodeEvent)
  await writeTogether(environment, () => {
    for (const [offset, bytes] of records.entries()) putLast(events, offset, bytes)
    void index.put('times', Buffer.from(Float64Array.from(words.times()).buffer))
    for (const [word, offsets] of words.words) {
      void index.put(wordKey(word), Buffer.from(Uint16Array.from(offsets).buffer))
    }
  })
  await environment.close()
  const [since, until] = [words.times()[0]!, words.times().at(-1)!]
  return { first, last, since, until, bytes: statSync(path).size, crc: await crcOf(path) }
}

describe('a store of format 1', () => {
  const queries: Omit<EventQuery, 'limit'>[] = [
    { after: 0 },
    {},
    { service: 'api' },
    { service: 'web', kind: 'commit.seen', after: 0 },
    { since: madeSince + 90_000, until: madeSince + 420_000 },
    { search: 'line 77\n' },
  ]
  const answers = (storage: LmdbStorage) =>
    Promise.all(queries.map((query) => storage.events({ ...query, limit: 600 })))

  it('is read as it is, and goes on in the format of now', async () => {
    const { storage, close } = await place.open()
    await fill(storage, 500)
    const before = await answers(storage)
    expect(before[0]!.events).toEqual(madeEvents(500))
    await close()
    const old = await makeFormat1(place.folder)
    expect(old.length).toBeGreaterThan(2)

    const { storage: again, close: closeAgain } = await place.open()
    expect(await answers(again)).toEqual(before)
    await fill(again, 1_000)
    expect(again.segments.list.length).toBeGreaterThan(old.length + 2)
    expect(again.segments.list.slice(0, old.length).map(({ entry }) => entry)).toEqual(old)
    expect((await again.events({ after: 0, limit: 2_000 })).events).toEqual(madeEvents(1_000))
    await closeAgain()

    const file = await openJournalFile(place.folder)
    expect(numberOf(file, 'format')).toBe(format)
    await file.environment.close()
    expect(place.reports).toEqual([])
  })

  it('is pruned, and a backup of it is checked', async () => {
    const { storage, close } = await place.open()
    await fill(storage, 500)
    const backup = join(place.folder, '..', 'backup')
    await storage.backup(backup)
    await close()
    await makeFormat1(place.folder)
    await makeFormat1(backup)
    expect((await checkBackup(backup)).length).toBeGreaterThan(2)
    const again = (await place.open()).storage
    expect(await again.prune(madeSince + 249_500)).toBe(250)
    expect((await again.events({ after: 0, limit: 600 })).events).toEqual(madeEvents(250, 251))
  })
})
