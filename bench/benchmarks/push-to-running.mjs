import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { Api, followEvents } from '@longshore/cli'
import { coreRoutes } from '@longshore/core/protocol'
import { startGitServer } from '@longshore/core/testkit'
import { median, quantile } from '../frame.mjs'
import { prepareProduct, startProduct, stop, untilAnswers } from '../product.mjs'

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

/** Pushes a commit and follows it through the journal's own times. */
async function ourStep(api, repository, round) {
  const { seq } = await api.call(coreRoutes.overview)
  const sha = await repository.commit('main', { 'a.txt': `${round}`, 'b.txt': 'b' })
  const pushed = Date.now()
  const times = {}
  const life = AbortSignal.timeout(60_000)
  for await (const event of followEvents(api, { service: 'app' }, seq, life)) {
    if (event.kind === 'commit.seen' && event.commit === sha) times.seen = Date.parse(event.time)
    if (event.kind === 'instance.started' && times.seen) times.started = Date.parse(event.time)
    if (event.kind === 'deployment.settled' && event.commit === sha) break
  }
  return { rest: times.started - times.seen, total: times.started - pushed }
}

export default {
  about:
    'From a commit that is known to a process that runs, by `longshore serve`, beside `git checkout` and a bare spawn of the same command. There are no webhooks yet: the whole way from the push holds the wait for the next look (every 500 ms), so it is a row of its own.',
  async run(bench) {
    const server = await startGitServer()
    const home = bench.path('product')
    const repository = await server.repository('app')
    await repository.commit('main', { 'a.txt': 'first', 'b.txt': 'b' })
    const url = server.url('app')
    const socket = prepareProduct(home, {
      app: {
        source: { url, poll: '500ms' },
        run: { kind: 'command', up: ['sleep', '1000'], keepAlive: true, replace: 'before' },
      },
    })
    const product = startProduct(home)
    try {
      const api = new Api({ socket })
      await untilAnswers(socket, '/livez', performance.now())
      const ours = []
      const bare = []
      for (let round = 0; round < (bench.full ? 40 : 5); round++) {
        ours.push(await ourStep(api, repository, round))
        bare.push(await bareStep(bench, url))
      }
      const reference = median(bare.map(({ rest }) => rest))
      const over = ours.map(({ rest }) => rest - reference)
      bench.fact({ name: 'bare checkout and spawn', value: reference, unit: 'ms' })
      bench.fact({ name: 'overhead, median', value: median(over), unit: 'ms', most: 50 })
      bench.fact({ name: 'overhead, p99', value: quantile(over, 0.99), unit: 'ms', most: 150 })
      bench.fact({
        name: 'push to running, median',
        value: median(ours.map(({ total }) => total)),
        unit: 'ms',
      })
      bench.fact({
        name: 'bare fetch, checkout and spawn',
        value: median(bare.map(({ fetch, rest }) => fetch + rest)),
        unit: 'ms',
      })
    } finally {
      await product.stop()
      await server.close()
    }
  },
}
