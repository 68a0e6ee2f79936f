import type { Plugin } from '@longshore/core'
import { fakeHook, FakeGit, happened, settled, startTestKernel, verifyPlugin } from '@longshore/core/testkit'
import { describe, expect, it } from 'vitest'
import hooks from '../src/index.js'
import { fakeForge, repository, secret, section, startPlace } from './start.js'
import { secret as standardSecret, signed } from './signed.js'

describe('the plugin', () => {
  for (const { name, run } of verifyPlugin(hooks as Plugin)) it(name, run)
})

describe('the section hooks', () => {
  const start = async (part: object) => {
    const plugins = [fakeForge as Plugin, hooks as Plugin]
    const kernel = await startTestKernel({ plugins, config: { hooks: part } })
    await kernel.stop()
  }

  it.each([
    ['a forge that nobody knows', { githbu: section.fake }],
    ['no secret', { fake: {} }],
    ['an empty secret', { fake: { secret: '' } }],
    ['a generic one without a secret', { generic: {} }],
    ['nothing where a part belongs', { fake: null }],
  ])('with %s is refused', async (_, part) => {
    await expect(start(part)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })

  it('may be absent, and then nothing is heard', async () => {
    const { post } = await startPlace({ hooks: {} })
    const request = fakeHook(secret, { event: 'push', repository })
    for (const forge of ['fake', 'generic', 'github', 'deliveries', '__proto__', 'constructor'])
      if (/^[a-z0-9-]+$/.test(forge))
        await expect(post(request, forge)).rejects.toMatchObject({ code: 'HOOK_FORGE_UNKNOWN' })
  })
})

describe('the list of deliveries', () => {
  it('tells who sees some services of these, and no word of others', async () => {
    const follows = { source: { url: repository }, run: { kind: 'fake' } }
    const place = await startPlace({ services: { app: follows, shop: follows } })
    const sha = place.git.commit(repository, 'main', { a: '1' })
    await place.post(place.push())
    for (const service of ['app', 'shop'])
      await place.seen((event) => event.kind === 'deployment.settled' && event.service === service)
    await place.post(place.push({ ref: 'refs/heads/other' }))
    await expect(place.post({ headers: {}, body: new Uint8Array() })).rejects.toThrow()
    expect(await place.deliveries()).toHaveLength(3)
    expect(await place.deliveries(['app'])).toMatchObject([
      { services: ['app'], led: [{ service: 'app', commit: sha }] },
    ])
    expect(JSON.stringify(await place.deliveries(['app']))).not.toContain('shop')
    expect(await place.deliveries(['none'])).toEqual([])
  })
})

describe('a webhook that is signed', () => {
  it('has the source looked at, and the commit that is found goes its way because of it', async () => {
    const { git, seen, post, push, deliveries } = await startPlace()
    const sha = git.commit(repository, 'main', { a: '1' })
    expect(await post(push())).toMatchObject({ verdict: 'accepted', services: ['app'] })
    const { actor } = await seen(happened('commit.seen', sha))
    expect(actor).toEqual({ kind: 'webhook', name: 'fake' })
    const { deployment } = await seen(settled(sha, 'kept'))
    expect((await seen(happened('deployment.queued', sha))).actor).toEqual(actor)
    expect(await deliveries()).toMatchObject([
      {
        forge: 'fake',
        event: 'push',
        verdict: 'accepted',
        status: 202,
        repository,
        refs: ['refs/heads/main'],
        services: ['app'],
        led: [{ service: 'app', commit: sha, deployment }],
      },
    ])
  })

  it('is a hint: what is fetched decides, whatever commit it names', async () => {
    const { git, seen, post, push, events } = await startPlace()
    const real = git.commit(repository, 'main', { a: '1' })
    await post(push({ after: 'f'.repeat(40), commits: [{ id: 'f'.repeat(40) }] }))
    await seen(settled(real, 'kept'))
    expect((await events('commit.seen')).map(({ commit }) => commit)).toEqual([real])
  })

  it.each(['ping', 'pull_request', 'fork', 'issues', 'delete'])(
    'and is about %s deploys nothing',
    async (event) => {
      const { git, post, deliveries } = await startPlace()
      const before = git.looks.get(repository)
      expect(await post(fakeHook(secret, { event, repository, ref: 'refs/heads/main' }))).toMatchObject({
        verdict: 'ignored',
        code: 'HOOK_EVENT',
        services: [],
      })
      expect(git.looks.get(repository)).toBe(before)
      expect(await deliveries()).toMatchObject([{ event, verdict: 'ignored', services: [], led: [] }])
    },
  )

  it('concerns the services that follow that branch or tag of the repository, by any of its addresses', async () => {
    const run = { kind: 'fake' }
    const of = (url: string, ref = 'main') => ({ source: { url, ref }, run })
    const { post } = await startPlace({
      services: {
        main: of(repository),
        same: of('https://git.example/Team/App'),
        tag: of(repository, 'v1'),
        next: of(repository, 'next'),
        other: of('https://git.example/team/other.git'),
        elsewhere: of('https://evil.example/team/app.git'),
      },
    })
    const services = async (content: object) =>
      (await post(fakeHook(secret, { event: 'push', repository, ...content }))).services
    expect(await services({ ref: 'refs/heads/main' })).toEqual(['main', 'same'])
    expect(await services({ ref: 'refs/tags/v1', repository: 'git@git.example:team/app.git' })).toEqual([
      'tag',
    ])
    expect(await services({ ref: 'refs/heads/v2' })).toEqual([])
    expect(await services({})).toEqual(['main', 'same', 'tag', 'next'])
    const nobody = await post(fakeHook(secret, { event: 'push', repository: 'https://git.example/none' }))
    expect(nobody).toMatchObject({ verdict: 'ignored', code: 'HOOK_NOBODY_FOLLOWS' })
  })

  it('for one service is about that one, whatever its repository is called there', async () => {
    const { post, push } = await startPlace()
    const mirror = push({ repository: 'https://mirror.example/x.git' })
    expect(await post(mirror, 'fake', 'app')).toMatchObject({ verdict: 'accepted', services: ['app'] })
    const other = push({ ref: 'refs/heads/other' })
    expect(await post(other, 'fake', 'app')).toMatchObject({ code: 'HOOK_NOBODY_FOLLOWS' })
    await expect(post(push(), 'fake', 'none')).rejects.toMatchObject({ code: 'HOOK_SERVICE_UNKNOWN' })
  })

  it('and is not what it says is refused, and nothing of it is shown', async () => {
    const { post, deliveries } = await startPlace()
    for (const body of ['{"event":"push","repository":{"canary":1}}', `${'['.repeat(1e5)}${']'.repeat(1e5)}`])
      await expect(post(fakeHook(secret, body))).rejects.toMatchObject({ code: 'HOOK_MALFORMED' })
    expect(await deliveries()).toMatchObject([{ status: 400 }, { status: 400, verdict: 'refused' }])
    expect(JSON.stringify(await deliveries())).not.toContain('canary')
  })

  it('under an id that is signed counts once', async () => {
    const { post, seen, git } = await startPlace({
      hooks: { generic: { secret: { secret: 'fake:team#standard' } } },
    }).then((place) => {
      place.secrets.values.set('team#standard', standardSecret)
      return place
    })
    const sha = git.commit(repository, 'main', { a: '1' })
    const request = signed(JSON.stringify({ repository, ref: 'main' }), Date.now())
    expect(await post(request, 'generic')).toMatchObject({ verdict: 'accepted', services: ['app'] })
    expect((await seen(happened('commit.seen', sha))).actor).toEqual({ kind: 'webhook', name: 'generic' })
    expect(await post(request, 'generic')).toMatchObject({ verdict: 'ignored', code: 'HOOK_REPEATED' })
    const next = signed(JSON.stringify({ repository }), Date.now(), 'msg_2')
    expect(await post(next, 'generic')).toMatchObject({ verdict: 'accepted' })
  })
})

describe('what is forbidden', () => {
  const ines = { kind: 'user', name: 'ines' } as const

  it('stays so: a held service, and a commit that is barred', async () => {
    const git = new FakeGit()
    const { flow, seen, post, push, events } = await startPlace({ git })
    const first = git.commit(repository, 'main', { a: '1' })
    await post(push())
    await seen(settled(first, 'kept'))
    await flow.request({ kind: 'stop', service: 'app', actor: ines, why: 'a test' })
    const second = git.commit(repository, 'main', { a: '2' })
    await post(push(), 'fake', 'app')
    const admitted = await seen(happened('commit.admitted', second))
    expect(admitted.data).toMatchObject({ held: true })
    await flow.request({ kind: 'quarantine', service: 'app', commit: second, actor: ines, why: 'bad' })
    git.commit(repository, 'main', { a: '1' }, { parent: first })
    git.point(repository, 'main', second)
    await post(push())
    expect(await events('deployment.queued', second)).toEqual([])
  })
})

describe('a secret that cannot be had', () => {
  it('closes the door, and doctor says so', async () => {
    const { post, push, secrets, kernel, deliveries } = await startPlace()
    secrets.values.delete('team#hook')
    await expect(post(push())).rejects.toMatchObject({ code: 'HOOK_UNSIGNED' })
    expect(await deliveries()).toMatchObject([{ status: 401, reason: expect.stringContaining('SECRET_') }])
    const line = kernel.contributions.doctor.find(({ plugin }) => plugin === 'hooks')!
    expect(await line.look(new AbortController().signal)).toMatchObject({ ok: false })
  })

  it('is no key that an empty one would fit', async () => {
    const { post, secrets } = await startPlace()
    for (const value of ['', undefined]) {
      if (value === undefined) secrets.values.delete('team#hook')
      else secrets.values.set('team#hook', value)
      await expect(post(fakeHook('', { event: 'push', repository }))).rejects.toMatchObject({
        code: 'HOOK_UNSIGNED',
      })
    }
  })
})
