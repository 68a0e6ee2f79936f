import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createNodeClient } from '@longshore/client/node'
import { coreRoutes } from '@longshore/core/protocol'
import { startGitServer } from '@longshore/core/testkit'
import { quantile } from '../frame.mjs'
import { hearing, Hooks } from '../hooks/sender.mjs'
import { memory, prepareProduct, startProduct, stop, untilAnswers } from '../product.mjs'

const bare = fileURLToPath(new URL('../processes/bare-hooks.mjs', import.meta.url))

/** A Longshore that hears webhooks about one repository with one service, and never looks at it of itself. */
async function withHearing(bench, use) {
  const server = await startGitServer()
  const home = bench.path('product')
  try {
    const repository = await server.repository('app')
    await repository.commit('main', { file: 'first' })
    const url = server.url('app')
    const app = { source: { url, poll: '1d' }, run: { kind: 'command', up: ['true'] } }
    const socket = prepareProduct(home, { app }, { hooks: hearing(`${bench.path('secret')}`) })
    const product = startProduct(home)
    const hooks = new Hooks(socket, url)
    try {
      await untilAnswers(socket, '/livez', performance.now())
      await use({ api: createNodeClient({ socket }), hooks, repository, server, pid: product.pid })
    } finally {
      hooks.close()
      await product.stop()
    }
  } finally {
    await server.close()
  }
}

/** Resolves when the first commit runs: how a start goes is measured elsewhere. */
async function deployed(api) {
  for (const deadline = performance.now() + 60_000; ; await sleep(100)) {
    const { states } = await api.call(coreRoutes.overview)
    if (states.healthy === 1) return
    if (performance.now() > deadline) throw new Error('the first commit is not deployed')
  }
}

async function bareFlood(bench, count, span) {
  const socketPath = bench.path('bare.sock')
  const child = spawn(process.execPath, [bare, socketPath], { stdio: 'ignore' })
  const hooks = new Hooks(socketPath, 'http://127.0.0.1/app.git')
  try {
    await untilAnswers(socketPath, '/', performance.now())
    return await hooks.flood(count, span)
  } finally {
    hooks.close()
    await stop(child)
  }
}

const p99 = (answers) =>
  quantile(
    answers.map(({ took }) => took),
    0.99,
  )

export default {
  about:
    'Signed webhooks about one repository, evenly over a minute (a few seconds in the short form), to `longshore serve`, which fetches and deploys what was pushed beside it; in turn with a bare Node server that reads and signs each once.',
  async run(bench) {
    const [count, span] = bench.full ? [10_000, 60_000] : [1_500, 9_000]
    await withHearing(bench, async ({ api, hooks, repository, server, pid }) => {
      await deployed(api)
      await hooks.flood(200, 2_000)
      const pushed = await repository.commit('main', { file: 'pushed' })
      const [looks, base] = [server.count('app').lsRefs, memory(pid)]
      const answers = await hooks.flood(count, span)
      const by = (status) => answers.filter((each) => each.status === status).length
      const name = `${count} webhooks in ${span / 1000} s`
      bench.fact({ name: `${name}: an answer, p99`, value: p99(answers), unit: 'ms', most: 100 })
      bench.fact({ name: `${name}: answers 202`, value: by(202), unit: '' })
      bench.fact({ name: `${name}: answers 429`, value: by(429), unit: '' })
      bench.fact({ name: `${name}: other answers`, value: count - by(202) - by(429), unit: '', most: 0 })
      bench.fact({
        name: `${name}: looks at the repository`,
        value: server.count('app').lsRefs - looks,
        unit: '',
      })
      const query = { kind: 'deployment.queued', limit: 1000 }
      const { items } = await api.call(coreRoutes.events, { query })
      const deployments = items.filter(({ commit }) => commit === pushed).length
      bench.fact({ name: `${name}: deployments of what was pushed`, value: deployments, unit: '', most: 1 })
      bench.fact({ name: `${name}: growth of memory`, value: memory(pid) - base, unit: 'MiB' })
      const [few, short] = [500, 3_000]
      await bench.pair({
        name: `an answer, p99 of ${few} in ${short / 1000} s`,
        unit: 'ms',
        better: 'less',
        ours: async () => p99(await hooks.flood(few, short)),
        reference: async () => p99(await bareFlood(bench, few, short)),
      })
    })
  },
}
