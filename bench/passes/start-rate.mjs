import { testImage } from '@longshore/core/testkit'
import { command, inParallel } from '../engine.mjs'
import { span, withServices } from './product.mjs'

/** As many as `defaults.parallel` is unless told. */
const parallel = 4

/** Containers a second from one push, beside the same by the engine's API alone. */
export async function startRate(bench, engine) {
  const count = bench.full ? 200 : 12
  const settled = []
  const ours = async () => {
    let rate
    const service = () => ({ run: { kind: 'image', image: testImage, command } })
    await withServices(
      bench,
      { count, service, docker: { host: engine.host } },
      async ({ repository, api }) => {
        const sha = await repository.commit('main', { file: '1' })
        const seen = await span(api, { query: { kind: 'commit.seen' }, after: 0, count: 1, seconds: 60 })
        const isOurs = ({ labels }) => labels['longshore.commit'] === sha
        const last = await engine.started(isOurs, count, count * 10_000)
        const query = { kind: 'deployment.settled' }
        const end = await span(api, { query, after: 0, fits: isKept, count, seconds: count * 10 })
        rate = (count * 1000) / (last.time - seen.first)
        settled.push((count * 1000) / (end.last - seen.first))
      },
    )
    await engine.clear()
    return rate
  }
  const reference = async () => {
    const begin = Date.now()
    await inParallel(Array(count).keys(), parallel, () => engine.run({ bare: 'yes' }))
    const last = await engine.started(({ labels }) => labels.bare === 'yes', count)
    const rate = (count * 1000) / (last.time - begin)
    await engine.clear()
    return rate
  }
  const name = `${count} services from one push`
  const unit = 'containers/s'
  await bench.pair({ name, unit, better: 'more', ratio: 0.9, rounds: bench.full ? 5 : 1, ours, reference })
  bench.fact({
    name: `${name}: the slowest until all are kept`,
    value: Math.min(...settled),
    unit: 'services/s',
  })
}

function isKept({ service, data }) {
  if (data.outcome === 'kept') return true
  throw new Error(`${service} ended as ${data.outcome}: ${data.reason}`)
}
