import { createNodeClient } from '@longshore/client/node'
import { coreRoutes } from '@longshore/core/protocol'
import { startGitServer } from '@longshore/core/testkit'
import { prepareProduct, startProduct, untilAnswers } from '../product.mjs'

/** Milliseconds that one push may take to settle. */
const patience = 120_000

/** A Longshore that follows one repository with one service `app`, for as long as `use` takes. */
export async function withService(bench, { first, run, ...rest }, use) {
  const server = await startGitServer()
  const home = bench.path('product')
  try {
    const repository = await server.repository('app')
    const sha = await repository.commit('main', first)
    const url = server.url('app')
    const socket = prepareProduct(home, { app: { source: { url, poll: '500ms' }, run } }, rest)
    const product = startProduct(home)
    try {
      const api = createNodeClient({ socket })
      await untilAnswers(socket, '/livez', performance.now())
      await settled(api, 0, sha)
      await use({ url, push: (files) => push(api, repository, files) })
    } finally {
      await product.stop()
    }
  } finally {
    await server.close()
  }
}

/** Pushes a commit and follows it to its end: as `settled`, with its sha and when it was pushed. */
async function push(api, repository, files) {
  const { seq } = await api.call(coreRoutes.overview)
  const sha = await repository.commit('main', files)
  const pushed = Date.now()
  return { sha, pushed, ...(await settled(api, seq, sha)) }
}

/** By the journal's own clock, ms of the epoch: when a commit was seen, and when the first instance of it started. */
async function settled(api, after, sha) {
  const times = {}
  const life = AbortSignal.timeout(patience)
  for await (const event of api.events({ service: 'app' }, after, life)) {
    if (event.kind === 'commit.seen' && event.commit === sha) times.seen = Date.parse(event.time)
    if (event.kind === 'instance.started' && times.seen) times.started ??= Date.parse(event.time)
    if (event.kind !== 'deployment.settled' || event.commit !== sha) continue
    const { outcome, reason } = event.data
    if (outcome !== 'kept') throw new Error(`the push ended as ${outcome}: ${reason}`)
    return times
  }
  throw new Error('the push did not settle')
}
