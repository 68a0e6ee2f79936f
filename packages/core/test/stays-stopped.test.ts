import { expect, it, vi } from 'vitest'
import {
  definePlugin,
  systemClock,
  UnavailableError,
  type ApplyContext,
  type Clock,
  type Plan,
} from '../src/index.js'
import { reconfigure } from '../src/longshore.js'
import { FakeGit, FakeRuntime, memoryDisk, startTestKernel, type FakeRun } from '../src/testkit/index.js'
import { ines, of, services, settled, start, url } from './start.js'

/** A clock on which every wait lasts until it is ended: what goes on here did not wait. */
const still: Clock = {
  ...systemClock,
  sleep: (_, signal) =>
    new Promise((_resolve, reject) => {
      const end = () => reject(signal!.reason as Error)
      if (signal?.aborted) end()
      else signal?.addEventListener('abort', end, { once: true })
    }),
}

const away = () => new UnavailableError('FAKE_AWAY', 'told to fail')
const stop = { kind: 'stop', service: 'hello', actor: ines, why: 'x' } as const

it('a stop ends what runs also while a tap never answers', async () => {
  for (const hook of ['plan', 'guard', 'settle'] as const) {
    let reached = false
    let hangs = false
    const hang = async () => {
      reached = hangs
      if (hangs) await new Promise(() => undefined)
    }
    const plugin = definePlugin({
      name: 'hangs',
      setup({ hooks }) {
        if (hook === 'plan') hooks.plan.tap((plan) => hang().then(() => plan))
        else hooks[hook].tap(hang)
      },
    })
    const { git, seen, flow, runtime } = await start({ plugins: [plugin] })
    await seen(settled(git.commit(url, 'main', { a: '1' }), 'kept'))
    hangs = true
    const second = git.commit(url, 'main', { a: '2' })
    await vi.waitFor(() => expect(reached).toBe(true), 10_000)
    await flow.request(stop)
    await seen(settled(second, 'cancelled'))
    await seen(of('service.ended'))
    expect(runtime.running('hello')).toBeUndefined()
  }
})

it('a request is not kept waiting by what failed before it', async () => {
  class Stubborn extends FakeRuntime {
    override end = () => Promise.reject(away())
  }
  const { git, seen, flow } = await start({ runtime: new Stubborn(), clock: still })
  const sha = git.commit(url, 'main', { a: '1' })
  await seen(settled(sha, 'kept'))
  await flow.request(stop)
  await seen(of('service.stuck'))
  const { deployment } = await flow.request({ kind: 'start', service: 'hello', actor: ines })
  await seen(({ kind, deployment: id }) => kind === 'deployment.settled' && id === deployment)
})

it('a stop ends what an aborted deployment left, also when a commit comes meanwhile', async () => {
  let release = () => {}
  let ended = 0
  class Slow extends FakeRuntime {
    override async apply(plan: Plan<FakeRun>, context: ApplyContext) {
      const released = new Promise<void>((resolve) => (release = resolve))
      return super.apply(plan, context).finally(() => released)
    }

    override end: FakeRuntime['end'] = (placement) => {
      ended++
      return super.end(placement)
    }
  }
  const config = services({ hello: { behave: 'hang' } })
  const { git, seen, flow } = await start({ runtime: new Slow(), config })
  const first = git.commit(url, 'main', { a: '1' })
  await seen(
    ({ kind, data }) => kind === 'deployment.entered' && (data as { phase: string }).phase === 'applying',
  )
  ended = 0
  await flow.request(stop)
  await seen(of('commit.admitted', git.commit(url, 'main', { a: '2' })))
  await new Promise((resolve) => setImmediate(resolve))
  release()
  await seen(settled(first, 'cancelled'))
  await vi.waitFor(() => expect(ended).toBe(1), 10_000)
})

it('a hold is not lost with the name of the host: a start under another one is refused', async () => {
  const around = { disk: memoryDisk(), git: new FakeGit(), runtime: new FakeRuntime() }
  const first = await startTestKernel(around)
  const sha = around.git.commit(url, 'main', { a: '1' })
  await first.seen(settled(sha, 'kept'))
  await first.flow.request(stop)
  await first.seen(of('service.ended'))
  await first.stop()

  const renamed = startTestKernel({ ...around, config: { ...services({ hello: {} }), host: 'renamed' } })
  await expect(renamed).rejects.toMatchObject({
    code: 'HOST_RENAMED',
    hint: expect.stringContaining('host: test') as string,
  })
  expect(around.runtime.running('hello')).toBeUndefined()
})

it('another branch in the config leaves alone what runs, until that branch shows a commit', async () => {
  const { git, seen, flow, runtime, kernel, journal } = await start()
  const sha = git.commit(url, 'main', { a: '1' })
  const { deployment } = await seen(settled(sha, 'kept'))
  // Its output ends when its lane is at rest.
  const output = flow.output(deployment!, true, AbortSignal.timeout(10_000))[Symbol.asyncIterator]()
  while (!(await output.next()).done);
  await new Promise((resolve) => setImmediate(resolve))
  const value = { version: 1, host: 'test', ...services({ hello: {} }, { ref: 'next' }) }
  await reconfigure(kernel, () => Promise.resolve({ file: 'test', value }))
  expect(runtime.running('hello')).toBeDefined()
  const next = git.commit(url, 'next', { a: '2' })
  await seen(settled(next, 'kept'))
  expect((await journal.read({ kind: 'service.ended', limit: 10 })).events).toEqual([])
  expect(flow.placements()[0]?.running?.commit.sha).toBe(next)
})

it('a newer head is not kept waiting by one that could not be fetched', async () => {
  let bad = ''
  class Broken extends FakeGit {
    override fetch: FakeGit['fetch'] = async (source, sha, signal) => {
      if (sha === bad) throw away()
      return super.fetch(source, sha, signal)
    }
  }
  const git = new Broken()
  const { seen } = await start({ git, clock: still })
  await seen(settled(git.commit(url, 'main', { a: '1' }), 'kept'))
  bad = git.commit(url, 'main', { a: '2' })
  await seen(of('source.unreachable'))
  await seen(settled(git.commit(url, 'main', { a: '3' }), 'kept'))
})

it('a config that could not be recorded does not bar the next one', async () => {
  const { seen, kernel, storage } = await start()
  const apply = (print: string) =>
    reconfigure(kernel, () =>
      Promise.resolve({
        file: 'test',
        value: { version: 1, host: 'test', ...services({ hello: { print } }) },
      }),
    )
  const commit = storage.commit.bind(storage)
  storage.commit = () => Promise.reject(away())
  await expect(apply('lost')).rejects.toMatchObject({ code: 'FAKE_AWAY' })
  storage.commit = commit
  await apply('recorded')
  await seen(of('service.changed'))
})

it('what happened while the disk was away is recorded soon after it is back, however long that was', async () => {
  const waits: number[] = []
  const clock: Clock = {
    ...systemClock,
    sleep(milliseconds, signal) {
      if (milliseconds >= 3_600_000) return systemClock.sleep(milliseconds, signal)
      waits.push(milliseconds)
      return systemClock.sleep(0, signal)
    },
  }
  const { git, seen, storage } = await start({ clock })
  const commit = storage.commit.bind(storage)
  let failures = 12
  storage.commit = (batch) =>
    batch.events.some(({ kind }) => kind === 'deployment.settled') && failures-- > 0
      ? Promise.reject(away())
      : commit(batch)
  await seen(settled(git.commit(url, 'main', { a: '1' }), 'kept'))
  expect(Math.max(...waits)).toBeLessThan(10_000)
})
