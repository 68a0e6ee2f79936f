import { expect, it, vi } from 'vitest'
import { desired, stateOf, why } from '../src/protocol/index.js'
import { reconfigure } from '../src/longshore.js'
import { startTestKernel } from '../src/testkit/index.js'
import { judge } from './judge.js'
import { ines, kept, of, placementOf, services, settled, start, url, world } from './start.js'

const about = { service: 'hello', actor: ines }

it('a commit that runs and is quarantined gives way to the one kept before, with what that used', async () => {
  const kernel = await start()
  const [first, second] = await kept(kernel, 'one', 'two')
  const { deployment } = await kernel.flow.request({
    kind: 'quarantine',
    ...about,
    commit: second!,
    why: 'it leaks',
  })
  await kernel.seen((event) => event.kind === 'deployment.settled' && event.deployment === deployment)
  const placement = placementOf(kernel)
  expect(placement.running!.commit.sha).toBe(first)
  const [original, , back] = kernel.runtime.applied
  expect(back!.made!.images).toEqual({ app: `sha256:${original!.deployment}` })
  expect(stateOf(placement)).toBe('quarantined')
  expect(why(placement)).toContain('ines quarantined it')
  expect(why(placement)).toContain('it leaks')
  expect((await kernel.flow.deployment(deployment!))!.trigger).toBe('rollback')
})

it('nothing was kept before: it ends and says why', async () => {
  const kernel = await start()
  const [only] = await kept(kernel, 'one')
  await kernel.flow.request({ kind: 'quarantine', ...about, commit: only!, why: 'it leaks' })
  await kernel.seen(of('service.ended'))
  expect(kernel.runtime.running('hello')).toBeUndefined()
  expect(why(placementOf(kernel))).toMatch(/does not run.*barred.*it leaks.*Nothing was kept before/)
})

it('however it arrives, a quarantined commit is refused with who and why', async () => {
  const kernel = await start()
  const [, second] = await kept(kernel, 'one', 'two')
  await kernel.flow.request({ kind: 'quarantine', ...about, commit: second!, why: 'it leaks' })
  const [fix] = await kept(kernel, 'fix')
  // By force push, by name, by rollback, by pin.
  kernel.git.point(url, 'main', second!)
  const { data } = await kernel.seen(of('commit.refused', second))
  expect(data).toMatchObject({ code: 'COMMIT_QUARANTINED', reason: expect.stringMatching(/ines.*it leaks/) })
  const refused = { code: 'COMMIT_QUARANTINED' }
  await expect(kernel.flow.request({ kind: 'deploy', ...about, commit: second! })).rejects.toMatchObject(
    refused,
  )
  await expect(kernel.flow.request({ kind: 'rollback', ...about, to: second! })).rejects.toMatchObject(
    refused,
  )
  await expect(kernel.flow.request({ kind: 'pin', ...about, commit: second! })).rejects.toMatchObject(refused)
  expect(placementOf(kernel).running!.commit.sha).toBe(fix)
})

it('for a whole repository it counts for other services too, also for one that is declared later', async () => {
  const lib = 'https://git.example/team/lib.git'
  const source = { url: lib }
  const one = { services: { one: { source, run: { kind: 'fake' } } } }
  const kernel = await start({ config: one })
  const first = kernel.git.commit(lib, 'main', { a: '1' })
  await kernel.seen(settled(first, 'kept'))
  await kernel.flow.request({
    kind: 'quarantine',
    service: 'one',
    actor: ines,
    commit: first,
    repository: true,
    why: 'it leaks',
  })
  await kernel.seen(of('service.ended'))
  const two = {
    services: { ...one.services, two: { source: { url: lib, ref: 'other' }, run: { kind: 'fake' } } },
  }
  kernel.git.point(lib, 'other', first)
  const value = { version: 1, host: 'test', ...two }
  await reconfigure(kernel.kernel, async () => ({ file: 'test', value }))
  const refused = await kernel.seen((event) => event.kind === 'commit.refused' && event.service === 'two')
  expect(refused.commit).toBe(first)
  expect(kernel.flow.placement('two', 'test')!.quarantines).toMatchObject([
    { sha: first, by: ines, why: 'it leaks' },
  ])
  expect(kernel.runtime.running('two')).toBeUndefined()
})

it('with descendants, all that contains it is barred until it is lifted; without, a newer one may hold the fix', async () => {
  const kernel = await start()
  const [first, second, third] = await kept(kernel, 'one', 'two', 'three')
  await kernel.flow.request({
    kind: 'quarantine',
    ...about,
    commit: second!,
    descendants: true,
    why: 'since two',
  })
  await vi.waitFor(() => expect(placementOf(kernel).running!.commit.sha).toBe(first))
  const fourth = kernel.git.commit(url, 'main', { a: '4' })
  const { data } = await kernel.seen(of('commit.refused', fourth))
  expect(data).toMatchObject({ reason: expect.stringContaining(`it contains ${second!.slice(0, 7)}`) })
  const clean = kernel.git.commit(url, 'main', { a: '5' }, { parent: first })
  await kernel.seen(settled(clean, 'kept'))
  kernel.git.point(url, 'main', fourth)
  await vi.waitFor(() => expect(placementOf(kernel).seen!.sha).toBe(fourth))
  await kernel.flow.request({ kind: 'lift', ...about, commit: second! })
  await kernel.seen(settled(fourth, 'kept'))
  expect(third).not.toBe(fourth)
})

it('outlives a restart: what is barred does not run again by itself', async () => {
  const { data, disk, git, runtime } = await world()
  const kernel = await startTestKernel({ data, disk, git, runtime })
  const [first, second] = await kept(kernel, 'one', 'two')
  await kernel.flow.request({ kind: 'quarantine', ...about, commit: second!, why: 'it leaks' })
  await vi.waitFor(() => expect(placementOf(kernel).running!.commit.sha).toBe(first))
  await kernel.stop()
  const again = await start({ data, disk, git, runtime })
  await again.seen((event) => event.kind === 'host.started' && event.seq > 5)
  await vi.waitFor(() => expect(placementOf(again).deployment).toBeUndefined())
  expect(desired(placementOf(again)).commit!.sha).toBe(first)
  const barred = runtime.applied.filter(({ commit }) => commit.sha === second)
  expect(barred).toHaveLength(1)
})

it('what cannot be replaced ends when a person barred it', async () => {
  const kernel = await start()
  const [, second] = await kept(kernel, 'one', 'two')
  kernel.runtime.broken = true
  await kernel.flow.request({ kind: 'quarantine', ...about, commit: second!, why: 'it leaks' })
  await kernel.seen(of('service.ended'))
  expect(kernel.runtime.running('hello')).toBeUndefined()
  expect(stateOf(placementOf(kernel))).toBe('failing')
})

it('a pin keeps one commit; a quarantine goes before it, and taking it off brings the newest', async () => {
  const kernel = await start()
  const [first, second] = await kept(kernel, 'one', 'two')
  await kernel.flow.request({ kind: 'pin', ...about, commit: first!, why: 'the demo' })
  await vi.waitFor(() => expect(placementOf(kernel).running!.commit.sha).toBe(first))
  const third = kernel.git.commit(url, 'main', { a: '3' })
  await kernel.seen(of('commit.admitted', third))
  expect(why(placementOf(kernel))).toMatch(/not the newest.*ines pinned it.*the demo/)
  await expect(kernel.flow.request({ kind: 'deploy', ...about, commit: third })).rejects.toMatchObject({
    code: 'SERVICE_PINNED',
  })
  await kernel.flow.request({ kind: 'quarantine', ...about, commit: first!, why: 'x' })
  await vi.waitFor(() => expect(placementOf(kernel).running!.commit.sha).toBe(second))
  await kernel.flow.request({ kind: 'unpin', ...about })
  await kernel.seen(settled(third, 'kept'))
})

it('a commit that waits is shown as waiting, and let in by a person', async () => {
  const kernel = await start({ plugins: [judge], config: services({ hello: {} }) })
  const [first] = await kept(kernel, 'one')
  const waits = kernel.git.commit(url, 'main', { a: '2' }, { message: 'wait for me' })
  await kernel.seen(of('commit.waiting', waits))
  expect(stateOf(placementOf(kernel))).toBe('waiting')
  expect(why(placementOf(kernel))).toMatch(/waits, nobody approved it/)
  expect(placementOf(kernel).running!.commit.sha).toBe(first)
  const next = kernel.git.commit(url, 'main', { a: '3' }, { message: 'three' })
  await kernel.seen(settled(next, 'kept'))
  expect(stateOf(placementOf(kernel))).toBe('healthy')
})
