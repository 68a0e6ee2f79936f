import {
  closeSync,
  cpSync,
  existsSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { madeEvents } from '@longshore/core/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makePlace, until, type Place } from './place.js'

let place: Place
let journal: string
beforeEach(async () => {
  place = await makePlace(100)
  journal = join(place.folder, 'journal.mdb')
  const { storage, close } = await place.open()
  for (let from = 1; from < 400; from += 50) {
    const documents = madeEvents(50, from).map(({ id }) => ({
      collection: 'a',
      key: id,
      value: { id, text: 'x'.repeat(300) },
    }))
    await storage.commit({ events: madeEvents(50, from), documents })
  }
  await until('two segments', () => storage.segments.list.length >= 2)
  await close()
})
afterEach(() => place.remove())

function segments(): string[] {
  const folder = join(place.folder, 'segments')
  return readdirSync(folder)
    .filter((name) => name.endsWith('.mdb'))
    .map((name) => join(folder, name))
}

function overwrite(path: string, position: number, bytes: Buffer): void {
  const file = openSync(path, 'r+')
  writeSync(file, bytes, 0, bytes.length, position)
  closeSync(file)
}

const damagedError = { code: 'STORAGE_DAMAGED', hint: expect.stringContaining('restore') }

describe('the journal file', () => {
  it('is refused when it was cut off', async () => {
    truncateSync(journal, Math.floor(statSync(journal).size / 2 / 4096) * 4096)
    await expect(place.open()).rejects.toMatchObject(damagedError)
  })

  it('is refused when it is no LMDB file', async () => {
    writeFileSync(journal, 'this is no database'.repeat(2_000))
    await expect(place.open()).rejects.toMatchObject(damagedError)
    writeFileSync(journal, 'short')
    await expect(place.open()).rejects.toMatchObject(damagedError)
  })

  it('is refused, and never ends the process, whichever pages of it were overwritten', async () => {
    // A start may go on with what the last one had begun, so each try begins with the same store, all of it.
    const whole = `${place.folder}.whole`
    cpSync(place.folder, whole, { recursive: true })
    const restore = () => {
      rmSync(place.folder, { recursive: true })
      cpSync(whole, place.folder, { recursive: true })
    }
    const pages = statSync(journal).size / 4096
    let refused = 0
    for (let page = 2; page < pages; page += 5) {
      overwrite(journal, page * 4096, Buffer.alloc(4096, 0xa5))
      try {
        const { storage, close } = await place.open()
        // A page that nothing leads to: all is there.
        expect((await storage.events({ after: 0, limit: 1_000 })).events).toEqual(madeEvents(400))
        expect(await storage.list('a')).toHaveLength(400)
        await close()
      } catch (error) {
        expect(error).toMatchObject(damagedError)
        refused++
      }
      restore()
    }
    expect(refused).toBeGreaterThan(0)
    expect((await place.open()).storage.last()).toBe(400)
  })

  it('lets the lock go when it refuses', async () => {
    truncateSync(journal, 5_000)
    for (let again = 0; again < 2; again++) await expect(place.open()).rejects.toMatchObject(damagedError)
  })
})

describe('a segment', () => {
  it('is missed at the start', async () => {
    rmSync(segments()[0]!)
    await expect(place.open()).rejects.toMatchObject(damagedError)
  })

  it('is refused at the start when its size is another', async () => {
    truncateSync(segments()[1]!, statSync(segments()[1]!).size - 4096)
    await expect(place.open()).rejects.toMatchObject(damagedError)
  })

  it('is refused when one bit of it is another', async () => {
    const path = segments()[0]!
    overwrite(path, Math.floor(statSync(path).size / 2), Buffer.from([0x5a, 0xa5]))
    const { storage } = await place.open()
    await expect(storage.events({ after: 0, limit: 10 })).rejects.toMatchObject(damagedError)
    expect((await storage.events({ limit: 10 })).events).toHaveLength(10)
  })

  it('that nobody knows, as a crash leaves it, is removed', async () => {
    const stray = join(place.folder, 'segments', '0000000000009999.mdb')
    writeFileSync(stray, 'half')
    await place.open()
    expect(existsSync(stray)).toBe(false)
  })
})
