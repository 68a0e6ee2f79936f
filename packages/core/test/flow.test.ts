import { describe, expect, it } from 'vitest'
import { definePlugin, refuseIf, type ApplyContext, type Plan } from '../src/index.js'
import { reconfigure } from '../src/longshore.js'
import { why } from '../src/protocol/index.js'
import { FakeRuntime, type FakeRun } from '../src/testkit/index.js'
import { ines, of, services, settled, start, url } from './start.js'

describe('a push', () => {
  it('is deployed, and so is each newer one, with every step recorded', async () => {
    const { git, seen, flow, runtime, journal } = await start()
    const first = git.commit(url, 'main', { a: '1' })
    await seen(settled(first, 'kept'))
    const second = git.commit(url, 'main', { a: '2' })
    await seen(settled(second, 'kept'))
    const [placement] = flow.placements()
    expect(placement).toMatchObject({ running: { commit: { sha: second } }, newest: { sha: second } })
    expect(runtime.running('hello')?.deployment).toBe(placement?.running?.deployment)
    const { events } = await journal.read({ service: 'hello', after: 0, limit: 100 })
    const own = events.filter(({ commit }) => commit === first).map(({ kind }) => kind)
    expect(own).toEqual([
      'commit.seen',
      'commit.admitted',
      'deployment.queued',
      'deployment.started',
      'deployment.entered',
      'deployment.entered',
      'deployment.entered',
      'deployment.settled',
    ])
    const deployment = await flow.deployment(placement!.running!.deployment)
    expect(deployment).toMatchObject({ outcome: 'kept', trigger: 'commit', actor: { kind: 'poll' } })
    expect(deployment?.phases.map(({ phase }) => phase)).toEqual([
      'queued',
      'fetching',
      'planning',
      'applying',
      'verifying',
      'settled',
    ])
  })

  it('ends a deployment that hangs when a newer commit comes, and lets no other service wait', async () => {
    const { git, seen, flow } = await start({
      config: { ...services({ hung: { behave: 'hang' }, other: {} }), defaults: { parallel: 2 } },
    })
    const hung = git.commit('https://git.example/team/hung.git', 'main', { a: '1' })
    await seen(
      ({ kind, commit, data }) =>
        kind === 'deployment.entered' && commit === hung && (data as { phase: string }).phase === 'applying',
    )
    const other = git.commit('https://git.example/team/other.git', 'main', { a: '1' })
    await seen(settled(other, 'kept'))
    const newer = git.commit('https://git.example/team/hung.git', 'main', { a: '2' })
    await seen(settled(hung, 'superseded'))
    await seen(of('deployment.queued', newer))
    expect(flow.placements().find(({ service }) => service === 'hung')?.failed).toBeUndefined()
  })

  it('takes no place among the others while it only lets time pass, and takes it up again', async () => {
    let go = () => {}
    const passed = new Promise<void>((resolve) => (go = resolve))
    class Patient extends FakeRuntime {
      override async apply(plan: Plan<FakeRun>, context: ApplyContext) {
        if (plan.service === 'patient') await context.aside(() => passed)
        return super.apply(plan, context)
      }
    }
    const config = { ...services({ patient: {}, other: {} }), defaults: { parallel: 1 } }
    const { git, seen } = await start({ runtime: new Patient(), config })
    const patient = git.commit('https://git.example/team/patient.git', 'main', { a: '1' })
    await seen(
      ({ kind, commit, data }) =>
        kind === 'deployment.entered' &&
        commit === patient &&
        (data as { phase: string }).phase === 'applying',
    )
    for (const a of ['1', '2'])
      await seen(settled(git.commit('https://git.example/team/other.git', 'main', { a }), 'kept'))
    go()
    await seen(settled(patient, 'kept'))
    await seen(settled(git.commit('https://git.example/team/other.git', 'main', { a: '3' }), 'kept'))
  })

  it('that fails leaves the old one running and is not tried again by itself, but by a person', async () => {
    const { git, seen, flow, runtime, kernel } = await start()
    const good = git.commit(url, 'main', { a: '1' })
    await seen(settled(good, 'kept'))
    await reconfigure(kernel, () =>
      Promise.resolve({
        file: 'test',
        value: { version: 1, host: 'test', ...services({ hello: { behave: 'fail' } }) },
      }),
    )
    const refusedAs = await seen(
      ({ kind, data }) => kind === 'deployment.settled' && (data as { code?: string }).code === 'FAKE_FAILED',
    )
    expect(runtime.running('hello')).toBeDefined()
    const { deployment } = await flow.request({ kind: 'deploy', service: 'hello', actor: ines, why: 'again' })
    const again = await seen(({ kind, deployment: id }) => kind === 'deployment.settled' && id === deployment)
    expect(again.seq).toBeGreaterThan(refusedAs.seq)
    const { items } = await flow.deployments('hello', { limit: 10 })
    expect(items.map(({ outcome }) => outcome)).toEqual(['refused', 'refused', 'kept'])
  })

  it('that touches nothing of the service is recorded as skipped', async () => {
    const { git, seen, flow } = await start({ config: services({ hello: {} }, { include: ['web/**'] }) })
    const first = git.commit(url, 'main', { 'web/index.html': '1', 'docs/a.md': '1' })
    await seen(settled(first, 'kept'))
    const docs = git.commit(url, 'main', { 'web/index.html': '1', 'docs/a.md': '2' })
    await seen(of('commit.skipped', docs))
    const web = git.commit(url, 'main', { 'web/index.html': '2', 'docs/a.md': '2' })
    await seen(settled(web, 'kept'))
    expect((await flow.deployments('hello', { limit: 10 })).items).toHaveLength(2)
  })

  it('that was skipped is deployed once the service is declared to be more', async () => {
    const include = (...globs: string[]) => services({ hello: {} }, { include: globs })
    const { git, seen, kernel } = await start({ config: include('web/**') })
    const first = git.commit(url, 'main', { 'web/index.html': '1', 'docs/a.md': '1' })
    await seen(settled(first, 'kept'))
    const docs = git.commit(url, 'main', { 'web/index.html': '1', 'docs/a.md': '2' })
    await seen(of('commit.skipped', docs))
    const value = { version: 1, host: 'test', ...include('web/**', 'docs/**') }
    await reconfigure(kernel, () => Promise.resolve({ file: 'test', value }))
    await seen(settled(docs, 'kept'))
  })

  it('that touches nothing is not skipped when what was refused before it does', async () => {
    const gate = definePlugin({
      name: 'gate',
      setup: ({ hooks }) =>
        hooks.admit.tap(({ message }) =>
          message.includes('[hold]') ? { code: 'ASKED', reason: 'its message asks for it' } : undefined,
        ),
    })
    const config = services({ hello: {} }, { include: ['web/**'] })
    const { git, seen, flow } = await start({ plugins: [gate], config })
    await seen(settled(git.commit(url, 'main', { 'web/a': '1', 'docs/a': '1' }), 'kept'))
    const refused = git.commit(url, 'main', { 'web/a': '2', 'docs/a': '1' }, { message: '[hold] wait' })
    await seen(of('commit.refused', refused))
    expect(why(flow.placements()[0]!)).toContain(
      `${refused.slice(0, 7)} was refused, its message asks for it`,
    )
    await seen(settled(git.commit(url, 'main', { 'web/a': '2', 'docs/a': '2' }), 'kept'))
    expect(why(flow.placements()[0]!)).toBeUndefined()
  })

  it('that rewrites history is told apart', async () => {
    const { git, seen } = await start()
    const first = git.commit(url, 'main', { a: '1' })
    await seen(settled(first, 'kept'))
    const second = git.commit(url, 'main', { a: '2' })
    expect((await seen(of('commit.seen', second))).data).toMatchObject({ forced: false })
    const other = git.commit(url, 'main', { b: '1' }, { parent: null })
    expect((await seen(of('commit.seen', other))).data).toMatchObject({ forced: true })
  })
})

describe('a repository that is away', () => {
  it('is recorded once, and once when it is back; what runs goes on', async () => {
    const { git, seen, flow, journal, runtime } = await start()
    const first = git.commit(url, 'main', { a: '1' })
    await seen(settled(first, 'kept'))
    git.away(url, 'GIT_AUTH', 'the password was refused')
    const away = await seen(
      (event) => event.kind === 'source.unreachable' && (event.data as { code: string }).code === 'GIT_AUTH',
    )
    expect(away.data).toEqual({ code: 'GIT_AUTH', reason: 'the password was refused' })
    expect(runtime.running('hello')).toBeDefined()
    git.back(url)
    await seen(({ kind, seq }) => kind === 'source.reachable' && seq > away.seq)
    const second = git.commit(url, 'main', { a: '2' })
    await seen(settled(second, 'kept'))
    const { events } = await journal.read({ kind: 'source.unreachable', after: away.seq - 1, limit: 10 })
    expect(events).toHaveLength(1)
    expect(flow.placements()[0]?.unreachable).toBeUndefined()
  })
})

describe('plugins decide', () => {
  const tap = (setup: Parameters<typeof definePlugin>[0]['setup']) => definePlugin({ name: 'decider', setup })

  it('a refused commit is not deployed, and why is told', async () => {
    const { git, seen, flow } = await start({
      plugins: [
        tap(
          ({ hooks }) =>
            void hooks.admit.tap((commit) => refuseIf(commit.message.includes('[skip]'), 'SKIP_ASKED')),
        ),
      ],
    })
    const refused = git.commit(url, 'main', { a: '1' }, { message: 'Try [skip]' })
    expect((await seen(of('commit.refused', refused))).data).toMatchObject({ code: 'SKIP_ASKED' })
    expect(flow.placements()[0]).toMatchObject({ refused: { sha: refused } })
    await expect(
      flow.request({ kind: 'deploy', service: 'hello', actor: ines, commit: refused }),
    ).rejects.toMatchObject({ code: 'SKIP_ASKED' })
  })

  it('a plugin that fails while it decides lets nothing in', async () => {
    const { git, seen } = await start({
      plugins: [
        tap(({ hooks }) => {
          hooks.admit.tap(() => {
            throw new Error('broken')
          })
        }),
      ],
    })
    const sha = git.commit(url, 'main', { a: '1' })
    expect((await seen(of('commit.refused', sha))).data).toMatchObject({ code: 'ADMIT_FAILED' })
  })

  it('a guard stops before the host is touched, a verdict after it was', async () => {
    const { git, seen, runtime } = await start({
      plugins: [
        tap(({ hooks }) => {
          hooks.guard.tap((plan) => {
            if (plan.commit.message === 'guarded') throw new Error('not now')
          })
          hooks.settle.tap((plan) =>
            plan.commit.message === 'ill' ? { keep: false, code: 'ILL', reason: 'it is ill' } : undefined,
          )
        }),
      ],
    })
    const guarded = git.commit(url, 'main', { a: '1' }, { message: 'guarded' })
    await seen(settled(guarded, 'failed'))
    expect(runtime.running('hello')).toBeUndefined()
    const ill = git.commit(url, 'main', { a: '2' }, { message: 'ill' })
    expect((await seen(settled(ill, 'failed'))).data).toMatchObject({ code: 'ILL', reason: 'it is ill' })
  })

  it('a tap that is only told and throws harms nobody', async () => {
    const { git, seen } = await start({
      plugins: [
        tap(({ hooks }) => {
          for (const hook of [hooks.recorded, hooks.planned, hooks.applied, hooks.settled, hooks.seen]) {
            hook.tap(() => {
              throw new Error('broken')
            })
          }
        }),
      ],
    })
    const sha = git.commit(url, 'main', { a: '1' })
    await seen(settled(sha, 'kept'))
  })

  it('a new plan replaces the old one', async () => {
    const { git, seen, flow } = await start({
      plugins: [
        tap(
          ({ hooks }) =>
            void hooks.plan.tap((plan) => ({ ...plan, run: { ...(plan.run as object), print: 'replaced' } })),
        ),
      ],
    })
    const sha = git.commit(url, 'main', { a: '1' })
    const { deployment } = await seen(settled(sha, 'kept'))
    const lines: string[] = []
    for await (const frame of flow.output(deployment!, false, AbortSignal.timeout(5000))) {
      lines.push(...frame.lines.map(({ bytes }) => Buffer.from(bytes).toString()))
    }
    expect(lines).toContain('replaced')
  })
})
