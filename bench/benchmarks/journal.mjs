import { mkdirSync, openSync, closeSync, fdatasyncSync, writeSync } from 'node:fs'
import { open } from 'lmdb'
import { openStore } from '@longshore/storage-lmdb'
import { advanceRate } from '../journal/advance.mjs'
import { madeEvent } from '../made.mjs'

/** Appends `count` events from so many producers, each waiting for its own to be durable; answers events a second. */
async function rate(producers, count, append) {
  let next = 1
  const produce = async () => {
    while (next <= count) await append(next++)
  }
  const start = performance.now()
  await Promise.all(Array.from({ length: producers }, produce))
  return (count / (performance.now() - start)) * 1000
}

async function ours(bench, producers, count) {
  const store = await openStore(bench.path('store'), { segment: 32_768, report: fail })
  // The reducer and the fan-out of a host: a document a batch, and every durable event told to a viewer.
  let told = 0
  const append = async (seq) => {
    const event = madeEvent(seq)
    const documents = [
      { collection: 'placement', key: `${event.service}@box`, value: { seq, state: 'running' } },
    ]
    await store.commit({ events: [event], documents })
    told++
  }
  const result = await rate(producers, count, append)
  if (told !== count || store.last() !== count) throw new Error('events are missing')
  await store.close()
  return result
}

/** The same two keys an event, in one transaction, acknowledged after the same flush, grouped by LMDB itself. */
async function raw(bench, producers, count) {
  const folder = bench.path('raw')
  mkdirSync(folder)
  const environment = open({
    path: `${folder}/raw.mdb`,
    noSubdir: true,
    encoding: 'json',
    overlappingSync: false,
  })
  const events = environment.openDB('events', { encoding: 'json' })
  const documents = environment.openDB('documents', { encoding: 'json' })
  const append = async (seq) => {
    const event = madeEvent(seq)
    await environment.batch(() => {
      events.put(seq, event)
      documents.put(['placement', `${event.service}@box`], { seq, state: 'running' })
    })
  }
  const result = await rate(producers, count, append)
  await environment.close()
  return result
}

async function floor(bench, producers, count) {
  const file = openSync(bench.path('floor'), 'w')
  const result = await rate(producers, count, (seq) => {
    writeSync(file, JSON.stringify(madeEvent(seq)))
    fdatasyncSync(file)
  })
  closeSync(file)
  return result
}

function fail(error) {
  throw error
}

export default {
  about:
    'Durable appends, each acknowledged after the flush, with a document an event; beside raw LMDB with the same keys and batches.',
  async run(bench) {
    // Short and many: other work on the machine disturbs a flush, and neighbours alike.
    const one = 300
    const rounds = bench.full ? 25 : 5
    const many = bench.full ? 50_000 : 10_000
    const row = { unit: 'events/s', better: 'more' }
    const both = (producers, count) => ({
      ours: () => ours(bench, producers, count),
      reference: () => raw(bench, producers, count),
    })
    await bench.pair({ ...row, name: '1 producer', rounds, ratio: 0.9, ...both(1, one) })
    await bench.pair({ ...row, name: '64 producers', ratio: 0.7, ...both(64, many) })
    await bench.pair({
      ...row,
      name: '1 producer, floor: append + fdatasync',
      ours: () => ours(bench, 1, one),
      reference: () => floor(bench, 1, one),
    })
    const advance = (snapshots) => () => advanceRate(bench, { producers: 64, count: many, snapshots })
    await bench.pair({
      ...row,
      name: '64 producers through `advance` with 500 services: snapshots of the state beside none',
      ratio: 0.9,
      ours: advance(true),
      reference: advance(false),
    })
  },
}
