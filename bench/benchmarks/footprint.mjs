import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { createNodeClient } from '@longshore/client/node'
import { coreRoutes } from '@longshore/core/protocol'
import { startGitServer } from '@longshore/core/testkit'
import { cpuSeconds, memory, prepareProduct, startProduct, stop, untilAnswers } from '../product.mjs'

const bare = fileURLToPath(new URL('../processes/bare-server.mjs', import.meta.url))
const count = 50

/** Services whose command has run and succeeded: what is left is Longshore itself. */
async function settled(api) {
  for (const deadline = performance.now() + 300_000; ; await sleep(200)) {
    if (performance.now() > deadline) throw new Error('the services did not settle')
    const { states } = await api.call(coreRoutes.overview)
    if (states.healthy === count) return
  }
}

/** A client that reads everything and keeps nothing. */
async function read(api, signal) {
  let seen = 0
  for await (const event of api.events({}, 0, signal)) seen = event.seq
  return seen
}

async function withBare(bench, use) {
  const socket = bench.path('bare.sock')
  const begin = performance.now()
  const child = spawn(process.execPath, [bare, socket], { stdio: 'ignore' })
  try {
    return await use(child.pid, await untilAnswers(socket, '/', begin))
  } finally {
    await stop(child)
  }
}

async function withProduct(home, socket, use) {
  const begin = performance.now()
  const product = startProduct(home)
  try {
    return await use(product.pid, await untilAnswers(socket, '/livez', begin))
  } finally {
    await product.stop()
  }
}

async function idle(bench, pid, name, most) {
  const seconds = bench.full ? 60 : 5
  const before = cpuSeconds(pid)
  await sleep(seconds * 1000)
  bench.fact({ name, value: ((cpuSeconds(pid) - before) * 60) / seconds, unit: 'CPU s/min', most })
}

export default {
  about:
    'Memory, idle CPU and start of `longshore serve` with 50 services that have settled, beside a Node process that only answers. The client reads the event stream; the store is as small as that makes it.',
  async run(bench) {
    const home = bench.path('product')
    const server = await startGitServer()
    try {
      const repository = await server.repository('app')
      await repository.commit('main', { file: '1' })
      const service = { source: { url: server.url('app') }, run: { kind: 'command', up: ['true'] } }
      const names = Array.from({ length: count }, (_, index) => `service-${index}`)
      const socket = prepareProduct(home, Object.fromEntries(names.map((name) => [name, service])))
      const api = createNodeClient({ socket })
      await withProduct(home, socket, async (pid) => {
        await settled(api)
        // What 50 deployments left is collected some ten seconds later, once: that is their cost, not that of idling.
        await sleep(bench.full ? 30_000 : 15_000)
        await idle(bench, pid, 'idle, no client', 0.05)
        const life = new AbortController()
        const reading = read(api, life.signal)
        await idle(bench, pid, 'idle, one client', 0.5)
        life.abort()
        await reading
      })
      const measure = (use) => ({
        ours: () => withProduct(home, socket, use),
        reference: () => withBare(bench, use),
      })
      const inMemory = async (pid) => {
        await sleep(2000)
        return memory(pid)
      }
      await bench.pair({ name: 'memory', unit: 'MiB', better: 'less', ratio: 2, ...measure(inMemory) })
      const start = (_, milliseconds) => milliseconds
      await bench.pair({
        name: 'start to first answer',
        unit: 'ms',
        better: 'less',
        ratio: 5,
        ...measure(start),
      })
    } finally {
      await server.close()
    }
  },
}
