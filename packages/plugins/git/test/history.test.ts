import { GitServer, needs } from '@longshore/core/testkit'
import { describe, expect, it, onTestFinished } from 'vitest'
import { longHistory } from './long-history.js'
import { makeRig, sourceOf } from './rig.js'

const { signal } = new AbortController()

describe('a history', needs('git-http-backend'), () => {
  it('is kept over a restart and while the server is away, and told with why there is no more', async () => {
    const [server, rig] = await Promise.all([GitServer.start(), makeRig()])
    onTestFinished(() => Promise.all([rig.close(), server.close()]).then(() => undefined))
    const repository = await server.repository('app')
    const app = sourceOf(server.url('app'))
    for (let i = 1; i <= 5; i++) await repository.commit('main', { a: String(i) })
    const known = (await repository.sha('refs/heads/main'))!
    expect((await rig.provider.history(app, known, 100, signal)).commits).toHaveLength(5)
    const next = await repository.commit('main', { a: '6' })
    await rig.provider.fetch(app, next, signal)
    server.manners.fail = 500
    const again = await makeRig({}, rig.folder)
    const before = await again.provider.history(app, known, 100, signal)
    expect([before.commits.length, before.fault]).toEqual([5, undefined])
    const after = await again.provider.history(app, next, 100, signal)
    expect([after.commits.length, after.fault?.code]).toEqual([6, 'GIT_UNREACHABLE'])
    expect((await again.provider.history(app, known, 100, signal)).commits).toHaveLength(5)
    await again.close()
  })

  it('is brought as deep as it takes to know whether a commit is in it', async () => {
    const [server, rig] = await Promise.all([GitServer.start(), makeRig()])
    onTestFinished(() => Promise.all([rig.close(), server.close()]).then(() => undefined))
    const repository = await server.repository('app')
    const app = sourceOf(server.url('app'))
    await repository.import(longHistory(20_000))
    const head = (await repository.sha('refs/heads/main'))!
    const early = (await repository.git(['rev-parse', 'refs/heads/main~19000'])).toString().trim()
    const aside = await repository.commit('aside', { a: '1' }, { parent: early })
    await rig.provider.fetch(app, head, signal)
    expect(await rig.provider.contains(app, head, early, signal)).toBeUndefined()
    expect(await rig.provider.contains(app, head, early, signal, true)).toBe(true)
    expect(await rig.provider.contains(app, head, aside, signal, true)).toBe(false)
    expect(await rig.provider.contains(app, head, 'a'.repeat(40), signal, true)).toBe(false)
    // What was brought once is enough for what comes after it, also without the server.
    server.manners.fail = 500
    expect(await rig.provider.contains(app, head, early, signal, true)).toBe(true)
    expect((await rig.provider.history(app, head, 3, signal)).commits).toHaveLength(3)
  })
})
