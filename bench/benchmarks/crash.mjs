import { quantile } from '../frame.mjs'
import { openStore } from '@longshore/storage-lmdb'
// The rounds are those of the store's own test.
import { crashRound, segment } from '../../packages/plugins/storage-lmdb/test/crash-rounds.mjs'

async function reopen(folder) {
  const start = performance.now()
  const store = await openStore(folder, { segment, report: () => undefined })
  const taken = performance.now() - start
  await store.close()
  return taken
}

export default {
  about:
    'A process that appends, seals and prunes is killed (SIGKILL) at random moments; after each kill every acknowledged event is there, seq has no gap, and the documents are those of the newest event.',
  async run(bench) {
    const rounds = bench.full ? Number(process.env.BENCH_KILLS ?? 1_000) : 10
    const folder = bench.path('store')
    const opened = []
    let acknowledged = 0
    let broken = 0
    for (let round = 0; round < rounds; round++) {
      try {
        acknowledged += await crashRound(folder, Math.random() * 100)
      } catch (error) {
        broken++
        console.error(`  round ${round}:`, error)
      }
      opened.push(await reopen(folder))
    }
    bench.fact({ name: 'kills', value: rounds, unit: 'kills' })
    bench.fact({ name: 'batches acknowledged before them', value: acknowledged, unit: 'batches' })
    bench.fact({
      name: 'rounds after which anything was lost, doubled or did not fit',
      value: broken,
      unit: 'rounds',
      most: 0,
    })
    bench.fact({ name: 'reopen after a kill, p99', value: quantile(opened, 0.99), unit: 'ms', most: 1_000 })
  },
}
