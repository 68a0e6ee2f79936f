import { testImage } from '@longshore/core/testkit'
import { command } from '../engine.mjs'
import { median } from '../frame.mjs'
import { overhead } from './command.mjs'
import { withService } from './follow.mjs'

/** Kind `image`, beside create and start of the same container by the engine's API. */
export async function pushImage(bench, engine) {
  const ours = []
  const bare = []
  const service = {
    first: { file: 'first' },
    run: { kind: 'image', image: testImage, command },
    docker: { host: engine.host },
  }
  await withService(bench, service, async ({ push }) => {
    for (let round = 0; round < (bench.full ? 40 : 5); round++) {
      const { sha, seen, pushed } = await push({ file: `${round}` })
      const { time } = await engine.started(({ labels }) => labels['longshore.commit'] === sha)
      ours.push({ rest: time - seen, total: time - pushed })
      const begin = Date.now()
      const container = await engine.run({})
      bare.push(container.time - begin)
      await engine.remove(container.id)
    }
  })
  await engine.clear()
  overhead(bench, 'image', {
    reference: 'bare create and start',
    bare,
    ours: ours.map(({ rest }) => rest),
  })
  const total = median(ours.map(({ total }) => total))
  bench.fact({ name: 'image: push to running, median', value: total, unit: 'ms' })
}
