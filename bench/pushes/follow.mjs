import { createNodeClient } from '@longshore/client/node'
import { coreRoutes } from '@longshore/core/protocol'
import { startGitServer } from '@longshore/core/testkit'
import { hearing, Hooks } from '../hooks/sender.mjs'
import { prepareProduct, startProduct, untilAnswers } from '../product.mjs'

/** Milliseconds that one push may take to settle. */
const patience = 120_000

/**
 * A Longshore that follows one repository with one service `app`, for as long as `use` takes. `hooked`: it looks when a
 * webhook says so, which each push sends, and not of itself.
 */
export async function withService(bench, { first, run, hooked, ...rest }, use) {
  const server = await startGitServer()
  const home = bench.path('product')
  try {
    const repository = await server.repository('app')
    const sha = await repository.commit('main', first)
    const url = server.url('app')
    const source = { url, poll: hooked ? '1d' : '500ms' }
    const sections = hooked ? { hooks: hearing(bench.path('secret')), ...rest } : rest
    const socket = prepareProduct(home, { app: { source, run } }, sections)
    const product = startProduct(home)
    const hooks = hooked ? new Hooks(socket, url) : undefined
    try {
      const api = createNodeClient({ socket })
      await untilAnswers(socket, '/livez', performance.now())
      await settled(api, 0, sha)
      await use({ url, push: (files) => push({ api, repository, hooks }, files) })
    } finally {
      hooks?.close()
      await product.stop()
    }
  } finally {
    await server.close()
  }
}

/** Pushes a commit and follows it to its end: as `settled`, with its sha and when it was pushed. */
async function push({ api, repository, hooks }, files) {
  const { seq } = await api.call(coreRoutes.overview)
  const sha = await repository.commit('main', files)
  const pushed = Date.now()
  const told = await hooks?.send()
  if (told && told.status !== 202) throw new Error(`the webhook was answered by ${told.status}`)
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
