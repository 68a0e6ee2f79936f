import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { median } from '../frame.mjs'
import { lacksBlackbox, withBlackbox } from '../looks/blackbox.mjs'
import { withProduct } from '../looks/product.mjs'
import { withTarget } from '../looks/target.mjs'
import { cpuSeconds, memory } from '../product.mjs'

const weigher = fileURLToPath(new URL('../processes/check-memory.mjs', import.meta.url))
/** Milliseconds between two looks at a target. */
const every = 10_000

/** What a process uses while it looks, and how punctual it is; once every target has been looked at. */
async function watched(pid, target, seconds) {
  await sleep(every * 1.2)
  target.begin()
  const [before, began] = [cpuSeconds(pid), performance.now()]
  await sleep(seconds * 1000)
  const share = ((cpuSeconds(pid) - before) * 100_000) / (performance.now() - began)
  return { share, memory: memory(pid), ...(await target.report()) }
}

export default {
  about:
    'HTTP checks, each every 10 s, of a server on this machine: `longshore serve` beside a blackbox exporter that is asked about each target in the same interval; what asks it is not counted. How punctual looks are is told by the server that is looked at.',
  async run(bench) {
    const [count, seconds, rounds] = bench.full ? [5_000, 40, 5] : [500, 10, 1]
    const seen = { ours: [], reference: [] }
    const measure = (who, using) => async () =>
      withTarget(every, (target) =>
        using(bench, { count, every, port: target.port }, async (pid) => {
          const found = await watched(pid, target, seconds)
          // Whoever looks less often has less to do.
          if (found.looks < (count * seconds * 950) / every)
            throw new Error(`only ${found.looks} looks came in ${seconds} s from ${who}`)
          seen[who].push(found)
          return found.share
        }),
      )
    const ours = measure('ours', withProduct)
    const lack = lacksBlackbox()
    if (lack) {
      for (let round = 0; round < rounds; round++) await ours()
      bench.skip({ name: 'beside the blackbox exporter', why: lack })
    } else {
      const pair = { name: `CPU, ${count} checks`, unit: '% of a core', better: 'less' }
      await bench.pair({ ...pair, rounds, ours, reference: measure('reference', withBlackbox) })
      const theirs = median(seen.reference.map((each) => each.memory))
      bench.fact({ name: 'memory of the blackbox exporter', value: theirs, unit: 'MiB' })
    }
    const of = (what) => median(seen.ours.map((each) => each[what]))
    const most = (value) => (bench.full ? value : undefined)
    bench.fact({ name: 'CPU', value: of('share'), unit: '% of a core', most: most(30) })
    bench.fact({ name: 'begin of a look, p99 off its time', value: of('p99'), unit: 'ms', most: 20 })
    bench.fact({ name: 'memory of the whole process', value: of('memory'), unit: 'MiB' })
    const series = execFileSync(process.execPath, ['--expose-gc', weigher, String(count)], {
      encoding: 'utf8',
    })
    bench.fact({ name: 'memory of 30 days of series', value: Number(series), unit: 'MiB', most: 64 })
  },
}
