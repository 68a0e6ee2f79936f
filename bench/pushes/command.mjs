import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { median, quantile } from '../frame.mjs'
import { stop } from '../product.mjs'
import { withService } from './follow.mjs'

const run = promisify(execFile)

/** What somebody would write by hand: bring the commit, write it out, start the command. Answers both parts in ms. */
async function bareStep(bench, url) {
  const folder = bench.path('bare')
  const begin = performance.now()
  await run('git', ['clone', '--quiet', '--depth', '1', '--no-checkout', url, folder])
  const fetched = performance.now()
  await run('git', ['-C', folder, 'checkout', '--quiet', 'main'])
  const child = spawn('sleep', ['1000'], { cwd: folder, stdio: 'ignore' })
  await once(child, 'spawn')
  const figures = { fetch: fetched - begin, rest: performance.now() - fetched }
  await stop(child)
  return figures
}

/** Kind `command`, beside `git checkout` and a bare spawn of the same command. */
export async function pushCommand(bench) {
  const ours = []
  const bare = []
  const service = {
    first: { 'a.txt': 'first', 'b.txt': 'b' },
    run: { kind: 'command', up: ['sleep', '1000'], keepAlive: true, replace: 'before' },
  }
  await withService(bench, service, async ({ url, push }) => {
    for (let round = 0; round < (bench.full ? 40 : 5); round++) {
      ours.push(await push({ 'a.txt': `${round}`, 'b.txt': 'b' }))
      bare.push(await bareStep(bench, url))
    }
  })
  overhead(bench, 'command', {
    reference: 'bare checkout and spawn',
    bare: bare.map(({ rest }) => rest),
    ours: ours.map(({ seen, started }) => started - seen),
  })
  const total = median(ours.map(({ pushed, started }) => started - pushed))
  bench.fact({ name: 'command: push to running, median', value: total, unit: 'ms' })
  const hand = median(bare.map(({ fetch, rest }) => fetch + rest))
  bench.fact({ name: 'command: bare fetch, checkout and spawn', value: hand, unit: 'ms' })
}

/**
 * From a webhook to the process that runs, beside the same by hand, which fetches, writes out and spawns as well. A push comes
 * once the rest after the look before it is over, as pushes of people do.
 */
export async function hookCommand(bench) {
  const ours = []
  const bare = []
  const service = {
    first: { 'a.txt': 'first', 'b.txt': 'b' },
    run: { kind: 'command', up: ['sleep', '1000'], keepAlive: true, replace: 'before' },
    hooked: true,
  }
  await withService(bench, service, async ({ url, push }) => {
    for (let round = 0; round < (bench.full ? 40 : 5); round++) {
      const { pushed, started } = await push({ 'a.txt': `${round}`, 'b.txt': 'b' })
      ours.push(started - pushed)
      const { fetch, rest } = await bareStep(bench, url)
      bare.push(fetch + rest)
      await sleep(1_100)
    }
  })
  overhead(bench, 'command by webhook', { reference: 'bare fetch, checkout and spawn', bare, ours })
  bench.fact({ name: 'command: webhook to running, median', value: median(ours), unit: 'ms' })
}

/** What ours takes beyond the reference's median. */
export function overhead(bench, kind, { reference, bare, ours }) {
  const base = median(bare)
  const over = ours.map((each) => each - base)
  bench.fact({ name: `${kind}: ${reference}`, value: base, unit: 'ms' })
  bench.fact({ name: `${kind}: overhead, median`, value: median(over), unit: 'ms', most: 50 })
  bench.fact({ name: `${kind}: overhead, p99`, value: quantile(over, 0.99), unit: 'ms', most: 150 })
}
