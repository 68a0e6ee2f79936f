import { createNodeClient } from '@longshore/client/node'
import { coreRoutes } from '@longshore/core/protocol'
import { startGitServer, testImage } from '@longshore/core/testkit'
import { command, inParallel } from '../engine.mjs'
import { prepareProduct, startProduct, untilAnswers } from '../product.mjs'
import { span } from './product.mjs'

/** As many as `defaults.parallel` is unless told. */
const parallel = 4

/** Containers a second from one push, beside the same by the engine's API alone. */
export async function startRate(bench, engine) {
  const count = bench.full ? 200 : 12
  const name = `${count} services from one push`
  const reference = async () => {
    const begin = Date.now()
    await inParallel(Array(count).keys(), parallel, () => engine.run({ bare: 'yes' }))
    const last = await engine.started(({ labels }) => labels.bare === 'yes', count)
    const rate = (count * 1000) / (last.time - begin)
    await engine.clear()
    return rate
  }
  const settled = []
  const pair = async (name, rounds, ours, target = {}) => {
    const counted = async () => {
      const { started, kept } = await ours()
      settled.push(kept)
      return started
    }
    await bench.pair({
      name,
      unit: 'containers/s',
      better: 'more',
      rounds,
      ours: counted,
      reference,
      ...target,
    })
  }
  await withPasses(bench, engine, count, async (pass) => {
    // The engine has started others before, too.
    await pass()
    await pair(name, bench.full ? 5 : 1, pass, { ratio: 0.9 })
  })
  const first = () => withPasses(bench, engine, count, (pass) => pass())
  await pair(`${name}, the first deployments of a Longshore that has just started`, bench.full ? 3 : 1, first)
  const slowest = Math.min(...settled)
  bench.fact({ name: `${name}: the slowest until all are kept`, value: slowest, unit: 'services/s' })
}

/** A Longshore for as long as `use` takes. Each `pass` gives it services of a new repository and takes them away again. */
async function withPasses(bench, engine, count, use) {
  const server = await startGitServer()
  const home = bench.path('product')
  const prepare = (services) => prepareProduct(home, services, { docker: { host: engine.host } })
  const socket = prepare({})
  const product = startProduct(home)
  const api = createNodeClient({ socket })
  let passes = 0
  const pass = async () => {
    const repository = await server.repository(`app-${++passes}`)
    // Seldom: the git server is on this machine too, and takes a part of it for each look.
    const source = { url: server.url(`app-${passes}`), poll: '5s' }
    const run = { kind: 'image', image: testImage, command }
    const names = Array.from({ length: count }, (_, index) => `service-${passes}-${index}`)
    const { seq } = await api.call(coreRoutes.overview)
    prepare(Object.fromEntries(names.map((name) => [name, { source, run }])))
    const rates = await measure({
      api,
      engine,
      count,
      seq,
      sha: await repository.commit('main', { file: '1' }),
    })
    prepare({})
    await engine.until(({ length }) => length === 0)
    await engine.clear()
    return rates
  }
  try {
    await untilAnswers(socket, '/livez', performance.now())
    return await use(pass)
  } finally {
    await product.stop()
    await server.close()
  }
}

/** Services a second from the first `commit.seen`: until all containers have started, and until all are kept. */
async function measure({ api, engine, count, seq, sha }) {
  const seen = await span(api, { query: { kind: 'commit.seen' }, after: seq, count: 1, seconds: 60 })
  const isOurs = ({ labels }) => labels['longshore.commit'] === sha
  const last = await engine.started(isOurs, count, count * 10_000)
  const query = { kind: 'deployment.settled' }
  const end = await span(api, { query, after: seq, fits: isKept, count, seconds: count * 10 })
  const rate = (until) => (count * 1000) / (until - seen.first)
  return { started: rate(last.time), kept: rate(end.last) }
}

function isKept({ service, data }) {
  if (data.outcome === 'kept') return true
  throw new Error(`${service} ended as ${data.outcome}: ${data.reason}`)
}
