import { spawn } from 'node:child_process'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createNodeClient } from '@longshore/client/node'
import { coreRoutes } from '@longshore/core/protocol'
import { startGitServer } from '@longshore/core/testkit'
import { quantile } from '../frame.mjs'
import { nameOf, services } from '../history.mjs'
import { atRate, read } from '../pages/load.mjs'
import { fillHistory } from '../pages/store.mjs'
import { cpuSeconds, prepareProduct, startProduct, stop, untilAnswers } from '../product.mjs'

const bare = fileURLToPath(new URL('../processes/bare-express.mjs', import.meta.url))
const rate = 50
const api = '/api/v1'

/** A place in the journal, another one for each number. */
const somewhere = (number, count) => 1 + ((number * 7_919_993) % count)

/** What is asked for; of pages of the journal every second one is the newest, the others lie anywhere. */
function pagesOf(count) {
  return {
    'GET /overview': () => `${api}/overview`,
    'GET /services': () => `${api}/services`,
    'GET /events': (number) =>
      `${api}/events${number % 2 === 0 ? '' : `?before=${somewhere(number, count)}`}`,
    'GET /events of a service': (number) => {
      const service = nameOf(number % services)
      return `${api}/events?service=${service}&before=${somewhere(number, count)}`
    },
  }
}

/** Config of services that deploy in no time. */
function declared(url) {
  const service = { source: { url, ref: 'main' }, run: { kind: 'command', up: ['true'] } }
  return Object.fromEntries(Array.from({ length: services }, (_, number) => [nameOf(number), service]))
}

async function settled(client) {
  for (const deadline = performance.now() + 300_000; ; await sleep(500)) {
    const { states } = await client.call(coreRoutes.overview)
    if (states.healthy === services) return
    if (performance.now() > deadline)
      throw new Error(`the services did not settle: ${JSON.stringify(states)}`)
  }
}

/** What 500 deployments leave to be done takes seconds of its own: looks back are measured after it. */
async function atRest(pid) {
  for (const deadline = performance.now() + 60_000; performance.now() < deadline;) {
    const before = cpuSeconds(pid)
    await sleep(1_000)
    if (cpuSeconds(pid) - before < 0.1) return
  }
  throw new Error('the product does not come to rest')
}

/** Deploys one service again and again until the signal aborts. */
async function deploying(client, signal) {
  const params = { service: nameOf(0) }
  while (!signal.aborted) {
    const { deployment } = await client.call(coreRoutes.restart, { params, body: {} })
    for (;;) {
      await sleep(100)
      const { items } = await client.call(coreRoutes.deployments, { params, query: { limit: 10 } })
      if (items.some(({ id, outcome }) => id === deployment && outcome)) break
    }
  }
}

/** Each page beside a bare express route that answers the same. */
async function measurePages(bench, socketPath, count) {
  const pages = Object.entries(pagesOf(count))
  const agent = new Agent()
  const files = []
  for (const [, path] of pages) {
    const file = bench.path('answer.json')
    writeFileSync(file, await read(agent, socketPath, path(1)))
    files.push(file)
  }
  const bareSocket = bench.path('bare.sock')
  const begin = performance.now()
  const child = spawn(process.execPath, [bare, bareSocket, ...files], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const seconds = bench.full ? 6 : 1
  try {
    await untilAnswers(bareSocket, '/', begin)
    for (const [number, [name, path]] of pages.entries()) {
      const size = Math.round(statSync(files[number]).size / 1024)
      const all = []
      const ours = async () => {
        const taken = await atRate({ socketPath, rate, seconds, path })
        all.push(...taken)
        return quantile(taken, 0.99)
      }
      const reference = async () =>
        quantile(await atRate({ socketPath: bareSocket, rate, seconds, path: () => `/${number}` }), 0.99)
      await bench.pair({
        name: `${name} (${size} KiB), p99`,
        unit: 'ms',
        better: 'less',
        ours,
        reference,
        rounds: 5,
      })
      bench.fact({ name: `${name}, p99 of all`, value: quantile(all, 0.99), unit: 'ms', most: 20 })
    }
  } finally {
    await stop(child)
  }
}

/** Looks back at each of the places, one after the other. */
async function measureRewind(bench, socketPath, count, places) {
  const agent = new Agent({ keepAlive: true })
  const kinds = ['overview', 'services', `services/${nameOf(7)}`]
  const taken = new Map(kinds.map((kind) => [kind, []]))
  for (const [number, seq] of places.entries()) {
    const kind = kinds[number % kinds.length]
    const begin = performance.now()
    await read(agent, socketPath, `${api}/${kind}?at=${seq}`)
    taken.get(kind).push(performance.now() - begin)
  }
  for (const [kind, times] of taken) {
    const name = `GET /${kind}?at= among ${count.toLocaleString('en')} events`
    bench.fact({ name: `${name}, median`, value: quantile(times, 0.5), unit: 'ms' })
    bench.fact({
      name: `${name}, slowest of ${times.length}`,
      value: Math.max(...times),
      unit: 'ms',
      most: 300,
    })
  }
  agent.destroy()
}

function disk(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  return files.reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).blocks * 512, 0)
}

export default {
  about: `Pages of the API at ${rate} requests a second, with ${services} services and many events, while one of them is deployed again and again; beside a bare express route that answers the same JSON. And the state of earlier moments.`,
  async run(bench) {
    const count = Number(process.env.BENCH_EVENTS ?? (bench.full ? 10_000_000 : 50_000))
    const home = bench.path('product')
    const server = await startGitServer()
    try {
      const repository = await server.repository('app')
      await repository.commit('main', { file: '1' })
      const rest = { defaults: { poll: '1h' }, retention: { events: { size: '64GiB' } } }
      const socket = prepareProduct(home, declared(server.url('app')), rest)
      const folder = join(home, 'data', 'storage-lmdb')
      const places = Array.from({ length: bench.full ? 99 : 15 }, (_, number) => somewhere(number + 1, count))
      const bytes = await fillHistory(folder, { count, places, url: server.url('app') })
      bench.fact({
        name: 'disk an event, with the snapshots looked back from',
        value: disk(folder) / count,
        unit: 'bytes',
      })
      bench.fact({ name: 'a snapshot, for each of its events', value: bytes, unit: 'bytes' })
      const product = startProduct(home)
      const life = new AbortController()
      try {
        await untilAnswers(socket, '/livez', performance.now())
        const client = createNodeClient({ socket })
        await settled(client)
        await atRest(product.pid)
        await measureRewind(bench, socket, count, places)
        // What fails in it is told when its turn comes, not in the middle of something else.
        const busy = deploying(client, life.signal).catch((error) => error)
        await measurePages(bench, socket, count)
        life.abort()
        const fault = await busy
        if (fault) throw fault
      } finally {
        life.abort()
        await product.stop()
      }
    } finally {
      await server.close()
    }
  },
}
