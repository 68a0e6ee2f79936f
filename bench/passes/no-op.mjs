import { coreRoutes } from '@longshore/core/protocol'
import { span, withServices } from './product.mjs'

/** What passes over many services cost when nothing is to be done: a push that touches none, a config read anew. */
export async function noOp(bench) {
  const count = bench.full ? 5_000 : 100
  const seconds = 60 + count / 4
  const service = () => ({ source: { include: ['app/**'] }, run: { kind: 'command', up: ['true'] } })
  const defaults = { parallel: 4 }
  await withServices(bench, { count, service, defaults }, async ({ repository, services, prepare, api }) => {
    await repository.commit('main', { 'app/file': '1', readme: '1' })
    const kept = { query: { kind: 'deployment.settled' }, after: 0, count, seconds }
    const { first, last } = await span(api, kept)
    const rate = (count * 1000) / (last - first)
    bench.fact({ name: `${count} first deployments of a command`, value: rate, unit: 'services/s' })

    let times = 1
    const passes = []
    for (let round = 0; round < (bench.full ? 5 : 2); round++) {
      const { seq } = await api.call(coreRoutes.overview)
      await repository.commit('main', { 'app/file': '1', readme: `${++times}` })
      const skipped = { query: { kind: 'commit.skipped' }, after: seq, count, seconds: 120 }
      const pass = await span(api, skipped)
      passes.push(pass.last - pass.first)
    }
    const name = `${count} services, a push that touches none`
    bench.fact({ name, value: Math.max(...passes) / 1000, unit: 's', most: 1 })

    const reads = []
    for (let round = 0; round < (bench.full ? 5 : 2); round++) {
      const { seq } = await api.call(coreRoutes.overview)
      const run = { ...services['service-0'].run, up: ['true', `${round}`] }
      const begin = Date.now()
      prepare({ 'service-0': { ...services['service-0'], run } })
      const queued = { query: { kind: 'deployment.settled' }, after: seq, count: 1, seconds: 60 }
      reads.push((await span(api, queued)).last - begin)
    }
    bench.fact({
      name: `${count} services, a config read anew that changes one, until that is deployed`,
      value: Math.max(...reads) / 1000,
      unit: 's',
      most: 1,
    })
  })
}
