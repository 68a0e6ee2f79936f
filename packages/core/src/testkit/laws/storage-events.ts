import assert from 'node:assert/strict'
import type { EventQuery, Storage } from '../../contracts/storage.js'
import { eventMatcher, type Event } from '../../protocol/index.js'
import { madeEvents, madeSince } from './storage-made.js'
import type { StoragePlace } from './storage-place.js'

/** The laws of reading and pruning events. */
export const eventLaws: Record<string, (place: StoragePlace) => Promise<void>> = {
  'reads events by pages, oldest first and newest first': readsByPages,
  'answers every filter and any mix of them, both ways': answersFilters,
  'finds literal text in any case': findsText,
  'reads what resolved commits wrote while others go on': readsWhileWriting,
  'prunes from the oldest up to a time and keeps last': prunes,
  'keeps last when everything was pruned and it is opened again': prunesAll,
}

async function filled(place: StoragePlace, count: number): Promise<{ storage: Storage; events: Event[] }> {
  const { storage } = await place.open()
  const events = madeEvents(count)
  for (let from = 0; from < count; from += 250) {
    await storage.commit({ events: events.slice(from, from + 250), documents: [] })
  }
  return { storage, events }
}

type Direction = 'after' | 'before'

/** Reads page by page until there is no next; every page keeps to its limit and its direction. */
async function readAll(storage: Storage, query: EventQuery, direction: Direction): Promise<Event[]> {
  const all: Event[] = []
  let cursor = query[direction]
  for (let pages = 0; pages < 10_000; pages++) {
    const page = await storage.events({ ...query, [direction]: cursor })
    assert.ok(page.events.length <= query.limit)
    all.push(...page.events)
    if (page.next === undefined) return all
    if (cursor !== undefined) assert.ok(direction === 'after' ? page.next > cursor : page.next < cursor)
    cursor = page.next
  }
  return assert.fail('the pages do not end')
}

async function readsByPages(place: StoragePlace): Promise<void> {
  const { storage, events } = await filled(place, 1000)
  const newest = [...events].reverse()
  assert.deepEqual(await readAll(storage, { after: 0, limit: 300 }, 'after'), events)
  assert.deepEqual(await readAll(storage, { limit: 300 }, 'before'), newest)
  assert.deepEqual(await storage.events({ after: 998, limit: 2 }), { events: events.slice(998) })
  assert.deepEqual(await storage.events({ before: 3, limit: 2 }), { events: [events[1], events[0]] })
  assert.deepEqual(await storage.events({ after: 997, limit: 2 }), {
    events: events.slice(997, 999),
    next: 999,
  })
  assert.deepEqual(await storage.events({ after: 1000, limit: 5 }), { events: [] })
  assert.deepEqual(await storage.events({ before: 1, limit: 5 }), { events: [] })
  assert.deepEqual((await storage.events({ before: 5000, limit: 1 })).events, [newest[0]])
}

async function answersFilters(place: StoragePlace): Promise<void> {
  const { storage, events } = await filled(place, 1000)
  const since = madeSince + 200_000
  const until = madeSince + 700_000
  const filters: Omit<EventQuery, 'limit'>[] = [
    { service: 'api' },
    { kind: 'hold.placed' },
    { actor: 'user:ines' },
    { actor: 'poll' },
    { host: 'box-2' },
    { deployment: `d${String(500 >> 3).padStart(15, '0')}` },
    { since },
    { until },
    { since, until },
    { service: 'web', kind: 'commit.seen' },
    { service: 'web', kind: 'commit.seen', actor: 'user:ines', host: 'box-2', since, until },
    { service: 'nobody' },
    { actor: 'ines' },
    { service: 'api', kind: 'no.kind' },
    { since: until + 1e9 },
  ]
  for (const filter of filters) {
    const expected = events.filter(eventMatcher(filter))
    assert.deepEqual(await readAll(storage, { ...filter, after: 0, limit: 37 }, 'after'), expected)
    assert.deepEqual(await readAll(storage, { ...filter, limit: 37 }, 'before'), expected.reverse())
  }
}

async function findsText(place: StoragePlace): Promise<void> {
  const { storage, events } = await filled(place, 1000)
  const count = async (search: string, rest: Omit<EventQuery, 'limit'> = {}) =>
    (await readAll(storage, { ...rest, search, limit: 100 }, 'before')).length
  assert.equal(await count('"GRÖSSERE"'), 0)
  assert.equal(await count('"größere" DISK'), Math.floor(1000 / 11))
  assert.equal(await count('line 77\nof'), 1)
  assert.equal(await count('HOLD.PLACED'), events.filter(({ kind }) => kind === 'hold.placed').length)
  assert.equal(await count('maintenance', { service: 'api' }), matching(events, 'maintenance', 'api'))
  assert.equal(await count('.*'), 0)
}

function matching(events: Event[], search: string, service: string): number {
  return events.filter(eventMatcher({ search, service })).length
}

async function readsWhileWriting(place: StoragePlace): Promise<void> {
  const { storage } = await place.open()
  const events = madeEvents(300)
  for (const event of events) {
    const committed = storage.commit({
      events: [event],
      documents: [{ collection: 'a', key: 'n', value: event.seq }],
    })
    const during = await storage.events({ limit: 1 })
    assert.ok((during.events[0]?.seq ?? 0) <= event.seq)
    await committed
    assert.equal((await storage.events({ service: event.service, limit: 1 })).events[0]?.seq, event.seq)
    assert.equal(await storage.get('a', 'n'), event.seq)
  }
}

async function prunes(place: StoragePlace): Promise<void> {
  const { storage, events } = await filled(place, 1000)
  await storage.commit({ events: [], documents: [{ collection: 'a', key: 'k', value: 1 }] })
  assert.equal(await storage.prune(madeSince), 0)
  assert.equal(await storage.prune(madeSince + 399_500), 400)
  assert.equal(await storage.prune(madeSince + 399_500), 0)
  assert.equal(storage.last(), 1000)
  assert.equal(await storage.get('a', 'k'), 1)
  const left = events.slice(400)
  assert.deepEqual(await readAll(storage, { after: 0, limit: 300 }, 'after'), left)
  assert.deepEqual(await readAll(storage, { kind: 'hold.placed', limit: 300 }, 'before'), holds(left))
  await storage.commit({ events: madeEvents(1, 1001), documents: [] })
  assert.equal((await storage.events({ limit: 1 })).events[0]?.seq, 1001)
}

function holds(events: Event[]): Event[] {
  return events.filter(({ kind }) => kind === 'hold.placed').reverse()
}

async function prunesAll(place: StoragePlace): Promise<void> {
  const { storage } = await filled(place, 20)
  assert.equal(await storage.prune(Date.parse('2027-01-01')), 20)
  assert.deepEqual(await storage.events({ limit: 10 }), { events: [] })
  const second = await reopened(place)
  assert.equal(second.last(), 20)
  assert.deepEqual(await second.events({ after: 0, limit: 10 }), { events: [] })
  await second.commit({ events: madeEvents(1, 21), documents: [] })
  assert.equal((await second.events({ after: 0, limit: 10 })).events.length, 1)
}

async function reopened(place: StoragePlace): Promise<Storage> {
  await place.close()
  return (await place.open()).storage
}
