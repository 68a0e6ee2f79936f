import { withEngine } from '../engine.mjs'
import { noOp } from '../passes/no-op.mjs'
import { startRate } from '../passes/start-rate.mjs'

export default {
  about:
    'Many services of one repository: how fast a push brings all of them up from nothing, from the first `commit.seen` to the start of the last container, beside create and start by the API, as many at the same time; and what a pass over services that are as they should be costs, at worst: from the first answer to the last when a push touches none, and from the new file to the deployment of the one that a config changes.',
  async run(bench) {
    await noOp(bench)
    await withEngine(bench, 'services from one push', (engine) => startRate(bench, engine))
  },
}
