import type { Sighting, Source } from '@longshore/core'
import { GitServer, needs, type GitRepository } from '@longshore/core/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually, makeRig, sourceOf, until, type Rig } from './rig.js'

const secret = 'hunter2-secret'

describe('a watch', needs('git-http-backend'), () => {
  let server: GitServer
  let rig: Rig
  let repository: GitRepository
  let ending: AbortController
  beforeEach(async () => {
    ending = new AbortController()
    ;[server, rig] = await Promise.all([
      GitServer.start(),
      makeRig({ secrets: { 'env:GOOD': secret, 'env:BAD': 'no' } }),
    ])
    repository = await server.repository('app')
  })
  afterEach(async () => {
    ending.abort()
    await rig.close()
    await server.close()
  })
  const watch = (source: Source) => rig.provider.watch(source, ending.signal)
  const app = (ref = 'main', more: Partial<Source> = {}) => sourceOf(server.url('app'), ref, more)
  const head = (sha: string) => (seen: Sighting) => seen.kind === 'head' && seen.sha === sha
  const trouble = (code: string) => (seen: Sighting) => seen.kind === 'unreachable' && seen.code === code

  it('asks once for all services on a repository, over one connection that is kept', async () => {
    const main = await repository.commit('main', { a: '1' })
    const next = await repository.commit('next', { a: '2' })
    const watches = ['main', 'next', 'main'].map((ref) => watch(app(ref)))
    const seen = await Promise.all(watches.map((each) => each.next()))
    expect(seen.map(({ value }) => value as Sighting)).toEqual(
      [main, next, main].map((sha) => ({ kind: 'head', sha })),
    )
    expect(server.count('app')).toMatchObject({ advertisements: 1, lsRefs: 1, fetches: 0 })
    await eventually('ten looks', () => server.count('app').lsRefs >= 10)
    expect(server.count('app').advertisements).toBe(1)
    expect(server.connections).toBe(1)
  })

  it('looks as often as the most eager service asks', async () => {
    const first = await repository.commit('main', { a: '1' })
    const slow = watch(app('main', { poll: 3_600_000 }))
    await until(slow, head(first))
    const eager = watch(app('main', { poll: 100 }))
    await until(eager, head(first))
    const second = await repository.commit('main', { a: '2' })
    await Promise.all([until(slow, head(second)), until(eager, head(second))])
  })

  it('ends its looks when nobody follows any more', async () => {
    await repository.commit('main', { a: '1' })
    await watch(app()).next()
    ending.abort()
    const { lsRefs } = server.count('app')
    ending = new AbortController()
    await until(watch(app('none')), trouble('GIT_REF_MISSING'))
    expect(server.count('app').lsRefs).toBeLessThanOrEqual(lsRefs + 2)
  })

  it('shows the commit of a tag, annotated or not, and a branch before a tag of its name', async () => {
    const first = await repository.commit('main', { a: '1' })
    await repository.git(['tag', '-a', '-m', 'One', 'v1', first])
    await repository.git(['tag', 'light', first])
    await repository.git(['tag', 'main', first])
    const second = await repository.commit('main', { a: '2' })
    expect((await watch(app('v1')).next()).value).toEqual({ kind: 'head', sha: first })
    expect((await watch(app('light')).next()).value).toEqual({ kind: 'head', sha: first })
    expect((await watch(app('main')).next()).value).toEqual({ kind: 'head', sha: second })
    expect((await watch(app('refs/tags/main')).next()).value).toEqual({ kind: 'head', sha: first })
    server.manners.noV2 = true
    const old = await makeRig()
    expect((await old.provider.watch(app('v1'), ending.signal).next()).value).toEqual({
      kind: 'head',
      sha: first,
    })
    await old.close()
  })

  it('tells a renamed branch as a missing ref, and follows it when it is renamed back', async () => {
    const first = await repository.commit('main', { a: '1' })
    const watching = watch(app())
    await until(watching, head(first))
    await repository.git(['branch', '-m', 'main', 'trunk'])
    expect(await until(watching, (seen) => seen.kind === 'unreachable')).toMatchObject([
      { code: 'GIT_REF_MISSING' },
    ])
    const second = await repository.commit('trunk', { a: '2' })
    await repository.git(['branch', '-m', 'trunk', 'main'])
    expect(await until(watching, head(second))).toEqual([
      { kind: 'reachable' },
      { kind: 'head', sha: second },
    ])
  })

  it('does not take a longer name for the ref', async () => {
    await repository.commit('main-2', { a: '1' })
    await repository.commit('x/main', { a: '1' })
    await until(watch(app('main')), trouble('GIT_REF_MISSING'))
    server.manners.noV2 = true
    const old = await makeRig()
    await until(old.provider.watch(app('main'), ending.signal), trouble('GIT_REF_MISSING'))
    await old.close()
  })

  it('goes in with the right password, is told of the wrong one, and never tells it', async () => {
    const first = await repository.commit('main', { a: '1' })
    server.manners.auth = { username: 'bot', password: secret }
    const credential = (name: string) =>
      ({ kind: 'https', username: 'bot', password: { secret: name } }) as const
    const [wrong] = await until(
      watch(app('main', { credential: credential('env:BAD') })),
      trouble('GIT_AUTH'),
    )
    await until(watch(app()), trouble('GIT_AUTH'))
    await until(watch(app('main', { credential: credential('env:GOOD') })), head(first))
    server.manners.auth = { username: 'bot', password: 'changed' }
    const [changed] = await until(
      watch(app('main', { credential: credential('env:GOOD') })),
      trouble('GIT_AUTH'),
    )
    expect(JSON.stringify([wrong, changed])).not.toContain(secret)
  })

  it('tells each trouble once, and what it is', async () => {
    await repository.commit('main', { a: '1' })
    const watching = watch(app())
    await watching.next()
    server.manners.fail = 500
    await until(watching, trouble('GIT_UNREACHABLE'))
    await eventually('more looks', () => server.connections > 3)
    server.manners.fail = 404
    expect(await until(watching, (seen) => seen.kind === 'unreachable')).toMatchObject([
      { code: 'GIT_NOT_FOUND' },
    ])
    server.manners.fail = undefined
    expect((await watching.next()).value).toEqual({ kind: 'reachable' })
  })

  it('follows no redirect, and says where it led', async () => {
    await repository.commit('main', { a: '1' })
    server.manners.redirect = `http://user:${secret}@127.0.0.1:${server.port}/elsewhere.git?x=${secret}`
    const [seen] = await until(watch(app()), trouble('GIT_REDIRECTED'))
    expect(seen).toMatchObject({ reason: expect.stringContaining('/elsewhere.git') })
    expect(JSON.stringify(seen)).not.toContain(secret)
  })

  it('is not delayed by a repository that hangs', async () => {
    await server.repository('stuck')
    const first = await repository.commit('main', { a: '1' })
    server.manners.hang = ['stuck']
    void watch(sourceOf(server.url('stuck'))).next()
    const watching = watch(app())
    await until(watching, head(first))
    const second = await repository.commit('main', { a: '2' })
    await until(watching, head(second))
  })

  it('tells a server that is not there, and an address that is refused, without a throw', async () => {
    await until(watch(sourceOf('http://127.0.0.1:9/app.git')), trouble('GIT_UNREACHABLE'))
    await until(watch(sourceOf('ext::sh -c "touch x"')), trouble('GIT_URL'))
    await until(watch(app('--upload-pack=x')), trouble('GIT_REF'))
  })

  it('follows a folder of this machine where tests allow it', async () => {
    const first = await repository.commit('main', { a: '1' })
    const watching = watch(sourceOf(`file://${repository.folder}`))
    await until(watching, head(first))
    const second = await repository.commit('main', { a: '2' })
    await until(watching, head(second))
  })
})
