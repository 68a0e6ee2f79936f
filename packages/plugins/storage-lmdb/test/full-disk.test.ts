import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { madeEvents, needs } from '@longshore/core/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openStore } from '../src/storage.js'

describe('on a disk of 8 MiB', needs('tmpfs'), () => {
  let disk: string
  beforeEach(() => {
    disk = mkdtempSync(join(tmpdir(), 'longshore-full-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk])
  })
  afterEach(() => {
    execFileSync('umount', ['--lazy', disk])
    rmdirSync(disk)
  })

  it('refuses what finds no room, loses nothing, and goes on when there is room', async () => {
    const filler = join(disk, 'filler')
    writeFileSync(filler, Buffer.alloc(3 * 2 ** 20))
    const folder = join(disk, 'storage-lmdb')
    const store = await openStore(folder, { segment: 65_536, report: () => undefined })
    const append = () => {
      const from = store.last() + 1
      const events = madeEvents(100, from)
      const documents = events.map(({ seq }) => ({
        collection: 'a',
        key: `k${seq % 50}`,
        value: { seq, text: 'y'.repeat(500) },
      }))
      return store.commit({ events, documents })
    }
    const refusal = await appendUntilRefused(append)
    expect(refusal).toMatchObject({ code: 'STORAGE_FULL', hint: expect.stringContaining('room') })
    const last = store.last()
    // Those that wait behind one that failed fail too: nothing may be out of order.
    const waiting = [append(), store.commit({ events: madeEvents(1, last + 101), documents: [] })]
    for (const result of await Promise.allSettled(waiting)) expect(result.status).toBe('rejected')
    expect(store.last()).toBe(last)
    expect((await store.events({ after: 0, limit: 100_000 })).events).toEqual(madeEvents(last))

    rmSync(filler)
    await append()
    expect(store.last()).toBe(last + 100)
    await store.close()
    const again = await openStore(folder, { segment: 65_536, report: () => undefined })
    expect((await again.events({ after: 0, limit: 100_000 })).events).toEqual(madeEvents(last + 100))
    await again.close()
  })
})

async function appendUntilRefused(append: () => Promise<void>): Promise<unknown> {
  for (let times = 0; times < 10_000; times++) {
    try {
      await append()
    } catch (error) {
      return error
    }
  }
  throw new Error('the disk does not get full')
}
