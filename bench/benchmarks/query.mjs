import { readdirSync, statSync } from 'node:fs'
import { open } from 'lmdb'
import { openStore } from '@longshore/storage-lmdb'
import { quantile } from '../frame.mjs'
import { madeEvent } from '../made.mjs'

const page = 1_000
const services = Array.from({ length: 100 }, (_, number) => `service-${number}`)
const options = { segment: 32_768, report: fail }

async function fill(folder, from, to) {
  const store = await openStore(folder, options)
  for (let seq = from; seq <= to; seq += page) {
    const events = Array.from({ length: Math.min(page, to - seq + 1) }, (_, index) => madeEvent(seq + index))
    await store.commit({ events, documents: [] })
  }
  return store
}

/** One index key an event beside it, as a store without segments would have: read back by a range of the index. */
async function fillRaw(path, count) {
  const environment = open({ path, noSubdir: true, noSync: true })
  const events = environment.openDB('events', { encoding: 'json', keyEncoding: 'uint32' })
  const index = environment.openDB('services', { encoding: 'json' })
  for (let seq = 1; seq <= count; seq++) {
    const event = madeEvent(seq)
    void events.put(seq, event)
    const done = index.put([event.service, seq], true)
    if (seq % 10_000 === 0) await done
  }
  await index.flushed
  const last = (service) =>
    [...index.getKeys({ start: [service, count + 1], end: [service], reverse: true, limit: page })].map(
      ([, seq]) => events.get(seq),
    )
  return { last, close: () => environment.close() }
}

/** Milliseconds of each read of the last thousand events of a service, of services in turn. */
async function times(reads, read) {
  const taken = []
  for (let number = 0; number < reads; number++) {
    const start = performance.now()
    const found = await read(services[(number * 37) % services.length])
    taken.push(performance.now() - start)
    if (found.length !== page) throw new Error(`found ${found.length} events instead of ${page}`)
  }
  return taken
}

function disk(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  return files.reduce((sum, file) => sum + statSync(`${file.parentPath}/${file.name}`).blocks * 512, 0)
}

/**
 * Retention keeps so many events, a whole number of segments: after each cycle the older ones go. How the disk stands
 * after ten to after one.
 */
async function cycles(bench, kept) {
  const folder = bench.path('cycles')
  const sizes = []
  for (let cycle = 0; cycle <= 10; cycle++) {
    const newest = (cycle + 1) * kept
    const store = await fill(folder, cycle * kept + 1, newest)
    await store.prune(Date.parse(madeEvent(newest - kept + 1).time))
    await store.close()
    sizes.push(disk(folder))
  }
  return sizes[10] / sizes[1]
}

async function reopen(folder) {
  const start = performance.now()
  const store = await openStore(folder, options)
  await store.events({ limit: 1 })
  const taken = performance.now() - start
  await store.close()
  return taken
}

function fail(error) {
  throw error
}

export default {
  about:
    'The last 1,000 events of one service among all, beside a raw LMDB range; starting; disk under retention.',
  async run(bench) {
    const count = Number(process.env.BENCH_EVENTS ?? (bench.full ? 1_000_000 : 100_000))
    const reads = bench.full ? 300 : 50
    const folder = bench.path('store')
    const store = await fill(folder, 1, count)
    const raw = await fillRaw(bench.path('raw.mdb'), count)
    const ours = async (service) => (await store.events({ service, limit: page })).events
    const theirs = (service) => Promise.resolve(raw.last(service))
    await times(services.length, ours)
    await times(services.length, theirs)
    for (const share of [0.5, 0.99]) {
      const measure = (read) => async () => quantile(await times(reads, read), share)
      const name = `last 1,000 of a service among ${count.toLocaleString('en')}, p${share * 100}`
      await bench.pair({ name, unit: 'ms', better: 'less', ours: measure(ours), reference: measure(theirs) })
    }
    bench.fact({
      name: 'the same, p99',
      value: quantile(await times(reads, ours), 0.99),
      unit: 'ms',
      most: 3,
    })
    const bytes = disk(folder) / count
    await store.close()
    await raw.close()
    bench.fact({ name: 'disk an event', value: bytes, unit: 'bytes' })
    bench.fact({ name: 'reopen and first read', value: await reopen(folder), unit: 'ms', most: 1_000 })
    const kept = (bench.full ? 4 : 1) * options.segment
    const name = `disk after ten retention cycles of ${kept.toLocaleString('en')} events`
    bench.fact({ name, value: await cycles(bench, kept), unit: 'times that after one', most: 1.05 })
  },
}
