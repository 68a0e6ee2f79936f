import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Replay, Snapshots, snapshotEvery, startTestKernel } from '@longshore/core/testkit'
import storageLmdb, { openStore } from '@longshore/storage-lmdb'
import { historyEvent, services } from '../history.mjs'

/** Events a second that the journal takes of many producers, with the state of many services and its snapshots, or none. */
export async function advanceRate(bench, { producers, count, snapshots }) {
  const data = bench.path('advance')
  mkdirSync(data)
  await seed(join(data, 'storage-lmdb'))
  const config = { host: 'bench', services: {} }
  const every = snapshots ? snapshotEvery : Infinity
  const kernel = await startTestKernel({ plugins: [storageLmdb], config, data, snapshotEvery: every })
  try {
    let next = 0
    const produce = async () => {
      while (next < count) await kernel.journal.record(draftOf(next++))
    }
    const start = performance.now()
    await Promise.all(Array.from({ length: producers }, produce))
    return (count / (performance.now() - start)) * 1000
  } finally {
    await kernel.stop()
  }
}

function draftOf(number) {
  const { kind, service, deployment, commit, actor, data } = historyEvent(
    services + 1 + number,
    'https://git.example/app.git',
  )
  return { kind, service, deployment, commit, actor, data }
}

/** The state that a long history left, of services that nobody declares any more: nothing works on them. */
async function seed(folder) {
  const store = await openStore(folder, { segment: 32_768, report: fail })
  const replay = new Replay({ seq: 0, placements: new Map(), hosts: new Map() })
  for (let seq = 1; seq <= 30 * 11 * services; seq++)
    replay.add(historyEvent(seq, 'https://git.example/app.git'))
  const documents = [...replay.placements].map(([key, value]) => {
    return { collection: 'placement', key, value: { ...value, declared: false, running: undefined } }
  })
  await store.commit({ events: [], documents })
  // The first one is written at the first start: it is not what is measured.
  const snapshots = new Snapshots({
    storage: store,
    clock: { now: Date.now },
    log: { error: fail },
    every: snapshotEvery,
  })
  const placements = new Map(documents.map(({ key, value }) => [key, value]))
  await snapshots.write({ seq: 0, placements, hosts: new Map() })
  await store.close()
}

function fail(error) {
  throw error
}
