import { writeSync } from 'node:fs'
import { openStore } from '@longshore/storage-lmdb'
import { crashEvent, segment } from './crash-rounds.mjs'

/*
 * Appends until it is killed: several batches under way at once, of one to three events each, with the documents that
 * follow from them; sealing and pruning all the while. Every acknowledged seq is printed, after it was acknowledged.
 */
const [folder] = process.argv.slice(2)
const report = (error) => {
  console.error(error)
  process.exit(1)
}
const store = await openStore(folder, { segment, report })
let next = store.last() + 1

async function produce() {
  for (;;) {
    const events = Array.from({ length: 1 + (next % 3) }, () => crashEvent(next++))
    const documents = events.map(({ service, seq }) => ({
      collection: 'newest',
      key: service,
      value: { seq },
    }))
    const newest = events.at(-1).seq
    await store.commit({
      events,
      documents: [...documents, { collection: 'newest', key: 'of-all', value: { seq: newest } }],
    })
    writeSync(1, `${newest}\n`)
    if (newest % 400 < 3) await store.prune(Date.parse(crashEvent(Math.max(1, newest - 300)).time))
  }
}

writeSync(1, 'open\n')
await Promise.all(Array.from({ length: 8 }, produce))
