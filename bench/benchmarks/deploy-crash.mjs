// The rounds are those of the end-to-end test.
import { DeployCrash } from '../../e2e/test/deploy-crash.mjs'

export default {
  about:
    'Longshore is killed (SIGKILL) at random points of deploying, of requests and of its own start; after each kill every acknowledged event is there under its seq and id, every deployment has settled, an acknowledged stop is obeyed, and exactly one process of the service runs, of the newest commit.',
  async run(bench) {
    const rounds = bench.full ? Number(process.env.BENCH_KILLS ?? 200) : 3
    let broken = 0
    const crash = await DeployCrash.open()
    try {
      for (let round = 0; round < rounds; round++) {
        try {
          await crash.round()
        } catch (error) {
          broken++
          console.error(`  round ${round}:`, error)
        }
      }
    } finally {
      await crash.close()
    }
    bench.fact({ name: 'rounds', value: rounds, unit: 'rounds' })
    bench.fact({ name: 'kills', value: crash.kills, unit: 'kills' })
    bench.fact({ name: 'events acknowledged before them', value: crash.acknowledged, unit: 'events' })
    bench.fact({ name: 'rounds after which anything was wrong', value: broken, unit: 'rounds', most: 0 })
  },
}
