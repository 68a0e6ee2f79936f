import assert from 'node:assert/strict'
import type { Storage } from '../../contracts/storage.js'
import type { Event } from '../../protocol/index.js'
import type { Law } from '../law.js'
import { eventLaws } from './storage-events.js'
import { madeEvents } from './storage-made.js'
import type { StoragePlace } from './storage-place.js'

/** The law of `Storage`. Each law is given a place of its own, with nothing in it. */
export function storageLaws(make: () => Promise<StoragePlace>): Law[] {
  const laws: Record<string, (place: StoragePlace) => Promise<void>> = {
    'begins empty': async (place) => {
      const { storage } = await place.open()
      assert.equal(storage.last(), 0)
      assert.deepEqual(await storage.events({ limit: 10 }), { events: [] })
      assert.equal(await storage.get('placement', 'api@box'), undefined)
      assert.deepEqual(await storage.list('placement'), [])
      assert.equal(await storage.prune(Date.now()), 0)
    },
    'keeps what was committed when it is opened again': keepsCommitted,
    'takes concurrent commits in the order of the calls': takesInOrder,
    'refuses a gap and a repeat with STORAGE_SEQ, and keeps nothing of them': refusesGaps,
    'puts, replaces and removes documents with their events': putsDocuments,
    'lists documents by prefix, both ways and by pages': listsDocuments,
    'refuses a second opener with STORAGE_LOCKED until the first is closed': refusesSecond,
    ...eventLaws,
  }
  return Object.entries(laws).map(([name, law]) => ({
    name,
    async run() {
      const place = await make()
      try {
        await law(place)
      } finally {
        await place.remove()
      }
    },
  }))
}

async function keepsCommitted(place: StoragePlace): Promise<void> {
  const events = madeEvents(3)
  const first = await place.open()
  await first.storage.commit({
    events,
    documents: [{ collection: 'a', key: 'k', value: { n: 1, deep: ['x', null] } }],
  })
  assert.equal(first.storage.last(), 3)
  await first.close()
  const { storage } = await place.open()
  assert.equal(storage.last(), 3)
  assert.deepEqual(await storage.events({ after: 0, limit: 10 }), { events })
  assert.deepEqual(await storage.get('a', 'k'), { n: 1, deep: ['x', null] })
}

async function takesInOrder(place: StoragePlace): Promise<void> {
  const { storage } = await place.open()
  const events = madeEvents(500)
  await Promise.all(
    events.map((event) => {
      const documents = [{ collection: 'a', key: 'newest', value: event.seq }]
      return storage.commit({ events: [event], documents })
    }),
  )
  assert.equal(storage.last(), 500)
  assert.equal(await storage.get('a', 'newest'), 500)
  assert.deepEqual((await storage.events({ after: 0, limit: 1000 })).events, events)
}

async function refusesGaps(place: StoragePlace): Promise<void> {
  const { storage } = await place.open()
  const events = madeEvents(6)
  await storage.commit({ events: events.slice(0, 2), documents: [] })
  const wrong: Event[][] = [[events[3]!], [events[1]!], [events[2]!, events[4]!]]
  for (const batch of wrong) {
    const documents = [{ collection: 'a', key: 'k', value: 1 }]
    await assert.rejects(storage.commit({ events: batch, documents }), { code: 'STORAGE_SEQ' })
  }
  assert.equal(storage.last(), 2)
  assert.equal(await storage.get('a', 'k'), undefined)
  await storage.commit({ events: events.slice(2), documents: [] })
  assert.equal(storage.last(), 6)
}

async function putsDocuments(place: StoragePlace): Promise<void> {
  const { storage } = await place.open()
  const put = (key: string, value: unknown) =>
    storage.commit({ events: [], documents: [{ collection: 'a', key, value }] })
  await put('k', { v: 1, gone: undefined })
  assert.deepEqual(await storage.get('a', 'k'), { v: 1 })
  await put('k', { v: 2 })
  assert.deepEqual(await storage.get('a', 'k'), { v: 2 })
  assert.equal(await storage.get('b', 'k'), undefined)
  await put('k', undefined)
  await put('never-there', undefined)
  assert.equal(await storage.get('a', 'k'), undefined)
  await put('k', null)
  assert.equal(await storage.get('a', 'k'), null)
}

async function listsDocuments(place: StoragePlace): Promise<void> {
  const { storage } = await place.open()
  const keys = ['api@a', 'api@b', 'api@ü', 'web@a', 'web@b']
  const documents = [...keys].reverse().map((key) => ({ collection: 'placement', key, value: { key } }))
  const others = ['placemen', 'placement2'].map((collection) => ({ collection, key: 'api@a', value: 0 }))
  await storage.commit({ events: [], documents: [...documents, ...others] })
  const list = async (query: Parameters<Storage['list']>[1]) =>
    (await storage.list('placement', query)).map(({ key }) => key)
  assert.deepEqual(await storage.list('placement', { limit: 1 }), [{ key: 'api@a', value: { key: 'api@a' } }])
  assert.deepEqual(await list({}), keys)
  assert.deepEqual(await list({ reverse: true }), [...keys].reverse())
  assert.deepEqual(await list({ prefix: 'api@' }), keys.slice(0, 3))
  assert.deepEqual(await list({ prefix: 'api@', reverse: true }), keys.slice(0, 3).reverse())
  assert.deepEqual(await list({ after: 'api@b', limit: 2 }), ['api@ü', 'web@a'])
  assert.deepEqual(await list({ after: 'web@a', reverse: true, limit: 2 }), ['api@ü', 'api@b'])
  assert.deepEqual(await list({ prefix: 'web@', after: 'web@a' }), ['web@b'])
  assert.deepEqual(await list({ prefix: 'api@', after: 'web@a' }), [])
  assert.deepEqual(await list({ prefix: 'api@', after: 'aaa', limit: 1 }), ['api@a'])
  assert.deepEqual(await list({ prefix: 'nobody' }), [])
}

async function refusesSecond(place: StoragePlace): Promise<void> {
  const first = await place.open()
  await assert.rejects(place.open(), { code: 'STORAGE_LOCKED' })
  await first.storage.commit({ events: madeEvents(1), documents: [] })
  await first.close()
  const second = await place.open()
  assert.equal(second.storage.last(), 1)
}
