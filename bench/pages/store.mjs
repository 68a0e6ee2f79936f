import { Replay, Snapshots, snapshotEvery } from '@longshore/core/testkit'
import { openStore } from '@longshore/storage-lmdb'
import { historyEvent } from '../history.mjs'

const batch = 1_000

/**
 * A store as a host would have left it after so many events, with the state that they made. Of its snapshots only those
 * before the places that are named: to write all of them would take longer than the rest.
 */
export async function fillHistory(folder, { count, places, url }) {
  const store = await openStore(folder, { segment: 32_768, report: fail })
  const log = { error: fail }
  const snapshots = new Snapshots({ storage: store, clock: { now: Date.now }, log, every: snapshotEvery })
  const replay = new Replay({ seq: 0, placements: new Map(), hosts: new Map() })
  const wanted = new Set(places.map((seq) => seq - (seq % snapshotEvery)))
  await snapshots.write(new Replay(replay))
  for (let seq = 1; seq <= count; seq += batch) {
    const events = Array.from({ length: Math.min(batch, count - seq + 1) }, (_, at) =>
      historyEvent(seq + at, url),
    )
    for (const event of events) replay.add(event)
    const last = seq + batch > count
    const documents = last ? [...replay.placements].map(documentOf) : []
    await store.commit({ events, documents })
    if (wanted.has(replay.seq)) await snapshots.write(new Replay(replay))
  }
  await store.close()
  return snapshots.heads.at(-1).bytes / snapshotEvery
}

function documentOf([key, value]) {
  return { collection: 'placement', key, value }
}

function fail(fault) {
  throw fault.error ?? fault
}
