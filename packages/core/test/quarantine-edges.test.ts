import { expect, it, vi } from 'vitest'
import { reconfigure } from '../src/longshore.js'
import { type TestKernel } from '../src/testkit/index.js'
import { judge } from './judge.js'
import { ines, kept, of, placementOf, services, settled, start, url } from './start.js'

const about = { service: 'hello', actor: ines }
const rests = (kernel: TestKernel, sha: string | undefined, service = 'hello') =>
  vi.waitFor(() => {
    const { running, deployment } = placementOf(kernel, service)
    expect([running?.commit.sha, deployment]).toEqual([sha, undefined])
  }, 10_000)

it('one for a whole repository is lifted as a whole, also from what is no longer declared', async () => {
  const run = { kind: 'fake' }
  const both = { hello: { source: { url }, run }, web: { source: { url, ref: 'web' }, run } }
  const kernel = await start({ config: { services: both } })
  const [first, second] = await kept(kernel, 'one', 'two')
  kernel.git.point(url, 'web', second!)
  await rests(kernel, second, 'web')
  await kernel.flow.request({
    kind: 'quarantine',
    ...about,
    commit: second!,
    repository: true,
    why: 'it leaks',
  })
  await rests(kernel, first)
  await rests(kernel, undefined, 'web')
  const value = { version: 1, host: 'test', services: { hello: both.hello } }
  await reconfigure(kernel.kernel, async () => ({ file: 'test', value }))
  await kernel.flow.request({ kind: 'lift', ...about, commit: second! })
  await rests(kernel, second)
  expect([placementOf(kernel).quarantines, placementOf(kernel, 'web').quarantines]).toEqual([[], []])
})

it('counts for the repository under another address, and for whoever runs the commit', async () => {
  const run = { kind: 'fake' }
  const kernel = await start({
    config: {
      services: { hello: { source: { url }, run }, web: { source: { url: `${url.slice(0, -4)}/` }, run } },
    },
  })
  const [first] = await kept(kernel, 'one')
  const same = kernel.git.commit(`${url.slice(0, -4)}/`, 'main', { a: 'x' })
  await rests(kernel, same, 'web')
  await kernel.flow.request({ kind: 'quarantine', ...about, commit: first!, repository: true, why: 'x' })
  expect(placementOf(kernel, 'web').quarantines).toMatchObject([{ sha: first }])
})

it('a second, narrower one takes nothing back of the first', async () => {
  const kernel = await start()
  const [first, second, third] = await kept(kernel, 'one', 'two', 'three')
  const bar = { kind: 'quarantine', ...about, commit: second! } as const
  await kernel.flow.request({ ...bar, descendants: true, why: 'since two' })
  await rests(kernel, first)
  await kernel.flow.request({ ...bar, why: 'again' })
  expect(placementOf(kernel).quarantines).toMatchObject([
    { descendants: true, why: 'since two', bars: [third] },
  ])
  await rests(kernel, first)
})

it('what runs of a branch that is no longer declared ends too, while nothing else is let in', async () => {
  const kernel = await start()
  const [only] = await kept(kernel, 'one')
  const value = {
    version: 1,
    host: 'test',
    services: { hello: { source: { url, ref: 'gone' }, run: { kind: 'fake' } } },
  }
  await reconfigure(kernel.kernel, async () => ({ file: 'test', value }))
  await kernel.seen(of('source.unreachable'))
  expect(placementOf(kernel).running?.commit.sha).toBe(only)
  await kernel.flow.request({ kind: 'quarantine', ...about, commit: only!, why: 'it leaks' })
  await rests(kernel, undefined)
  expect(kernel.runtime.running('hello')).toBeUndefined()
})

it('a rollback that waits for its turn is no rollback of what came meanwhile', async () => {
  const kernel = await start({ plugins: [judge], config: services({ hello: {} }) })
  const [first] = await kept(kernel, 'one')
  const second = (await kept(kernel, 'two'))[0]
  const release = kernel.runtime.hold()
  const third = kernel.git.commit(url, 'main', { a: '3' }, { message: 'three' })
  await vi.waitFor(() => expect(kernel.runtime.applied.at(-1)!.commit.sha).toBe(third))
  await kernel.flow.request({ kind: 'rollback', ...about, to: first! })
  const ill = kernel.git.commit(url, 'main', { a: '4' }, { message: 'ill' })
  await kernel.seen(of('commit.admitted', ill))
  release()
  await kernel.seen(settled(ill, 'rolledBack'))
  const plan = kernel.runtime.applied.find(({ commit }) => commit.sha === ill)!
  expect(plan.made).toBeUndefined()
  await rests(kernel, second)
})

it('a rollback by hand goes to another commit, also after a restart, and never to what is barred', async () => {
  const kernel = await start()
  const [first, second] = await kept(kernel, 'one', 'two')
  await kernel.flow.request({ kind: 'restart', ...about })
  await vi.waitFor(() => expect(kernel.runtime.applied).toHaveLength(3))
  await rests(kernel, second)
  await kernel.flow.request({ kind: 'rollback', ...about })
  await rests(kernel, first)
})

it('a person who stops what the system holds is the one who is told', async () => {
  const { services: all } = services({ hello: {} }) as { services: Record<string, object> }
  const hello = { ...all['hello'], policy: { onFailure: 'stop' } }
  const kernel = await start({ plugins: [judge], config: { services: { hello } } })
  await kept(kernel, 'one')
  kernel.git.commit(url, 'main', { a: '2' }, { message: 'ill' })
  await kernel.seen(of('service.ended'))
  await kernel.flow.request({ kind: 'stop', ...about, why: 'we look at it' })
  expect(placementOf(kernel).hold).toMatchObject({ by: ines, why: 'we look at it' })
})

it('approving an older commit leaves the one that waits', async () => {
  const kernel = await start({ plugins: [judge], config: services({ hello: {} }) })
  const [first] = await kept(kernel, 'one')
  await kept(kernel, 'two')
  const waits = kernel.git.commit(url, 'main', { a: '3' }, { message: 'wait' })
  await kernel.seen(of('commit.waiting', waits))
  await kernel.flow.request({ kind: 'admit', ...about, commit: first! })
  await rests(kernel, first)
  expect(placementOf(kernel).waiting?.commit.sha).toBe(waits)
})
