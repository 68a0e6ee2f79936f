import { existsSync, mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { madeEvents } from '@longshore/core/testkit'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { checkBackup, restore } from '../src/backup.js'
import { openStore, type LmdbStorage } from '../src/storage.js'
import { makePlace, until, type Place } from './place.js'

let place: Place
let copy: string
let other: string
beforeEach(async () => {
  place = await makePlace(100)
  copy = join(place.folder, '..', 'copy')
  other = join(place.folder, '..', 'other')
})
afterEach(() => place.remove())

async function filled(): Promise<LmdbStorage> {
  const { storage } = await place.open()
  for (let from = 1; from < 500; from += 50) {
    const documents = [{ collection: 'a', key: 'newest', value: from + 49 }]
    await storage.commit({ events: madeEvents(50, from), documents })
  }
  await until('segments', () => storage.segments.list.length >= 3)
  return storage
}

it('copies a live store as of one moment, and it is restored whole', async () => {
  const storage = await filled()
  const stop = new AbortController()
  const writing = (async () => {
    for (let seq = 501; !stop.signal.aborted; seq++) {
      await storage.commit({
        events: madeEvents(1, seq),
        documents: [{ collection: 'a', key: 'newest', value: seq }],
      })
    }
  })()
  await storage.backup(copy)
  stop.abort()
  await writing
  await restore(copy, other)
  const restored = await openStore(join(other, 'storage-lmdb'), { segment: 100, report: () => undefined })
  const last = restored.last()
  expect(last).toBeGreaterThanOrEqual(500)
  expect(last).toBeLessThanOrEqual(storage.last())
  expect(await restored.get('a', 'newest')).toBe(last)
  expect((await restored.events({ after: 0, limit: 100_000 })).events).toEqual(madeEvents(last))
  await restored.commit({ events: madeEvents(1, last + 1), documents: [] })
  await restored.close()
})

it('refuses a directory that is not empty, and leaves it alone', async () => {
  const storage = await filled()
  mkdirSync(copy)
  writeFileSync(join(copy, 'mine'), 'mine')
  await expect(storage.backup(copy)).rejects.toMatchObject({ code: 'BACKUP_EXISTS' })
  expect(readdirSync(copy)).toEqual(['mine'])
})

it('refuses to restore over a store, and while one is open', async () => {
  const storage = await filled()
  await storage.backup(copy)
  const data = join(place.folder, '..')
  await expect(restore(copy, data)).rejects.toMatchObject({ code: 'STORAGE_LOCKED' })
  await place.close()
  await expect(restore(copy, data)).rejects.toMatchObject({ code: 'STORAGE_NOT_EMPTY' })
  expect((await place.open()).storage.last()).toBe(500)
})

it('refuses a backup that is damaged, unfinished or none, and restores nothing of it', async () => {
  const storage = await filled()
  await storage.backup(copy)
  const [segment] = readdirSync(join(copy, 'segments'))
  truncateSync(join(copy, 'segments', segment!), 8_192)
  await expect(restore(copy, other)).rejects.toMatchObject({ code: 'STORAGE_DAMAGED' })
  rmSync(join(copy, 'journal.mdb'))
  await expect(restore(copy, other)).rejects.toMatchObject({ code: 'BACKUP_UNKNOWN' })
  await expect(checkBackup(join(place.folder, '..', 'nowhere'))).rejects.toMatchObject({
    code: 'BACKUP_UNKNOWN',
  })
  expect(existsSync(join(other, 'storage-lmdb', 'journal.mdb'))).toBe(false)
})
