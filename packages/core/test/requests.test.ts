import { describe, expect, it } from 'vitest'
import { reconfigure } from '../src/longshore.js'
import { ines, of, services, settled, start, url } from './start.js'

const configOf = (value: Record<string, unknown>) => () =>
  Promise.resolve({ file: 'test', value: { version: 1, host: 'test', ...value } })

describe('stop and start', () => {
  it('keeps a stopped service stopped, whatever comes, until it is started', async () => {
    const { git, seen, flow, runtime, kernel } = await start()
    const first = git.commit(url, 'main', { a: '1' })
    await seen(settled(first, 'kept'))
    const { seq } = await flow.request({ kind: 'stop', service: 'hello', actor: ines, why: 'it leaks' })
    await seen(of('service.ended'))
    expect(runtime.running('hello')).toBeUndefined()

    const second = git.commit(url, 'main', { a: '2' })
    expect((await seen(of('commit.admitted', second))).data).toMatchObject({ held: true })
    await reconfigure(kernel, configOf(services({ hello: { print: 'changed' } })))
    for (const kind of ['deploy', 'restart'] as const) {
      await expect(flow.request({ kind, service: 'hello', actor: ines })).rejects.toMatchObject({
        code: 'SERVICE_HELD',
      })
    }
    expect(runtime.running('hello')).toBeUndefined()
    expect(flow.placements()[0]?.hold).toMatchObject({ by: ines, why: 'it leaks', seq })

    const { deployment } = await flow.request({ kind: 'start', service: 'hello', actor: ines })
    await seen(settled(second, 'kept'))
    expect(runtime.running('hello')?.deployment).toBe(deployment)
  })

  it('ends a deployment that is under way', async () => {
    const { git, seen, flow, runtime } = await start({ config: services({ hello: { behave: 'hang' } }) })
    const sha = git.commit(url, 'main', { a: '1' })
    await seen(
      ({ kind, data }) => kind === 'deployment.entered' && (data as { phase: string }).phase === 'applying',
    )
    await flow.request({ kind: 'stop', service: 'hello', actor: ines, why: 'hangs' })
    const { actor } = await seen(settled(sha, 'cancelled'))
    expect(actor).toEqual(ines)
    expect(runtime.running('hello')).toBeUndefined()
  })

  it('a stop asks for a reason; a second one changes nothing', async () => {
    const { flow } = await start()
    const ask = (why?: string) => flow.request({ kind: 'stop', service: 'hello', actor: ines, why })
    await expect(ask()).rejects.toMatchObject({ code: 'WHY_MISSING' })
    await expect(ask('  ')).rejects.toMatchObject({ code: 'WHY_MISSING' })
    const { seq } = await ask('first')
    expect(await ask('second')).toEqual({ seq })
    expect(flow.placements()[0]?.hold?.why).toBe('first')
  })
})

describe('other requests', () => {
  it('a restart keeps the commit, also when a newer one failed', async () => {
    const { git, seen, flow, runtime } = await start()
    const good = git.commit(url, 'main', { a: '1' })
    await seen(settled(good, 'kept'))
    const before = runtime.running('hello')?.deployment
    const { deployment } = await flow.request({ kind: 'restart', service: 'hello', actor: ines })
    await seen(({ kind, deployment: id }) => kind === 'deployment.settled' && id === deployment)
    expect(runtime.running('hello')?.deployment).toBe(deployment)
    expect(deployment).not.toBe(before)
    expect(flow.placements()[0]?.running?.commit.sha).toBe(good)
  })

  it('deploys the commit that is named, until a newer one comes', async () => {
    const { git, seen, flow } = await start()
    const first = git.commit(url, 'main', { a: '1' })
    await seen(settled(first, 'kept'))
    const second = git.commit(url, 'main', { a: '2' })
    const later = await seen(settled(second, 'kept'))
    await flow.request({ kind: 'deploy', service: 'hello', commit: first, actor: ines, why: 'back' })
    await seen((event) => settled(first, 'kept')(event) && event.seq > later.seq)
    expect(flow.placements()[0]?.running?.commit.sha).toBe(first)
    const third = git.commit(url, 'main', { a: '3' })
    await seen(settled(third, 'kept'))
  })

  it('refuses what makes no sense, with a code', async () => {
    const { flow } = await start()
    const ask = flow.request.bind(flow)
    await expect(ask({ kind: 'deploy', service: 'nobody', actor: ines })).rejects.toMatchObject({
      code: 'SERVICE_UNKNOWN',
    })
    await expect(ask({ kind: 'restart', service: 'hello', actor: ines })).rejects.toMatchObject({
      code: 'NOTHING_TO_DEPLOY',
    })
    await expect(ask({ kind: 'deploy', service: 'hello', actor: ines })).rejects.toMatchObject({
      code: 'NOTHING_TO_DEPLOY',
    })
    await expect(ask({ kind: 'cancel', deployment: '0'.repeat(16), actor: ines })).rejects.toMatchObject({
      code: 'DEPLOYMENT_UNKNOWN',
    })
    await expect(
      ask({ kind: 'deploy', service: 'hello', host: 'elsewhere', actor: ines }),
    ).rejects.toMatchObject({ code: 'SERVICE_UNKNOWN' })
  })

  it('cancels a deployment, once', async () => {
    const { git, seen, flow } = await start({ config: services({ hello: { behave: 'hang' } }) })
    const sha = git.commit(url, 'main', { a: '1' })
    const { deployment } = await seen(of('deployment.started', sha))
    await flow.request({ kind: 'cancel', deployment: deployment!, actor: ines, why: 'wrong one' })
    const { data } = await seen(settled(sha, 'cancelled'))
    expect(data).toMatchObject({ code: 'DEPLOYMENT_CANCELLED', reason: 'wrong one' })
    const again = flow.request({ kind: 'cancel', deployment: deployment!, actor: ines })
    await expect(again).rejects.toMatchObject({ code: 'DEPLOYMENT_SETTLED' })
  })
})

describe('the config', () => {
  it('that drops a service ends what runs and keeps its history; declared again it runs again', async () => {
    const { git, seen, flow, runtime, kernel, journal } = await start()
    const sha = git.commit(url, 'main', { a: '1' })
    await seen(settled(sha, 'kept'))
    await reconfigure(kernel, configOf({ services: {} }))
    const ended = await seen(of('service.ended'))
    expect(ended.data).toEqual({ because: 'removed' })
    expect(runtime.running('hello')).toBeUndefined()
    expect((await flow.deployments('hello', { limit: 10 })).items).toHaveLength(1)
    await expect(flow.request({ kind: 'deploy', service: 'hello', actor: ines })).rejects.toMatchObject({
      code: 'SERVICE_UNKNOWN',
    })
    await reconfigure(kernel, configOf(services({ hello: {} })))
    await seen((event) => settled(sha, 'kept')(event) && event.seq > ended.seq)
    expect((await journal.read({ kind: 'config.applied', limit: 10 })).events).toHaveLength(2)
  })

  it('that is bad changes nothing, and its faults are an event', async () => {
    const { seen, kernel, flow } = await start()
    const bad = reconfigure(kernel, configOf({ services: { hello: { run: { kind: 'nope' } } } }))
    await expect(bad).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    const { data } = await seen(of('config.refused'))
    expect((data as { errors: string[] }).errors.join()).toContain('services.hello')
    expect(flow.placements()[0]?.declared).toBe(true)
  })
})

it('what was lost and is tried again is another deployment each time, also where a person asked for one', async () => {
  const { git, seen, flow, runtime } = await start()
  const sha = git.commit(url, 'main', { a: '1' })
  await seen(settled(sha, 'kept'))
  runtime.broken = true
  runtime.lose('hello', 'it was killed')
  await seen(settled(sha, 'failed'))
  const { deployment } = await flow.request({ kind: 'deploy', service: 'hello', actor: ines })
  await seen((event) => settled(sha, 'failed')(event) && event.deployment === deployment)
  runtime.broken = false
  await seen((event) => settled(sha, 'kept')(event) && event.deployment !== deployment && event.seq > 12)
})
