import type { Plugin } from '@longshore/core'
import {
  HandClock,
  happened,
  settled,
  startTestKernel,
  verifyPlugin,
  type TestKernel,
} from '@longshore/core/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import windows from '../src/index.js'

describe('the plugin', () => {
  for (const { name, run } of verifyPlugin(windows as Plugin)) it(name, run)
})

const url = 'https://git.example/team/hello.git'
const hour = 3_600_000
const person = { kind: 'user', name: 'ada' } as const

describe('a service with windows', () => {
  let kernel: TestKernel
  let clock: HandClock
  // It begins at 2026-01-01T00:00:00Z, a Thursday.
  beforeEach(() => {
    clock = new HandClock()
  })
  afterEach(() => kernel.stop())

  async function start(...policy: object[]) {
    const services = { hello: { source: { url }, run: { kind: 'fake' }, policy: { windows: policy } } }
    kernel = await startTestKernel({ clock, plugins: [windows as Plugin], config: { services } })
  }
  const commit = (content: string) => kernel.git.commit(url, 'main', { a: content })
  const of = (kind: string, sha: string) => kernel.seen(happened(kind, sha))
  const kept = (sha: string) => kernel.seen(settled(sha, 'kept'))
  const placement = () => kernel.flow.placement('hello', 'test')!
  const ask = { service: 'hello', actor: person } as const

  it('deploys what comes within them, and lets the rest wait until the next one opens', async () => {
    await start({ allow: '0 1 * * *', for: '1h', zone: 'UTC' })
    const early = commit('early')
    expect((await of('commit.waiting', early)).data).toMatchObject({
      code: 'WINDOW_CLOSED',
      reason: 'outside the windows for deployments: the next one opens Thu, 1 Jan 2026, 01:00 (UTC)',
      until: '2026-01-01T01:00:00.000Z',
    })
    const newer = commit('newer')
    await of('commit.waiting', newer)
    await clock.live(hour)
    await kept(newer)
    expect(kernel.runtime.applied.map(({ commit: { sha } }) => sha)).toEqual([newer])
    const within = commit('within')
    await kept(within)
    clock.go(hour)
    const late = commit('late')
    expect((await of('commit.waiting', late)).data).toMatchObject({ until: '2026-01-02T01:00:00.000Z' })
  })

  it('opens no window because the wall clock is put back or the machine slept', async () => {
    await start({ allow: '0 1 * * *', for: '1h' })
    clock.go(2 * hour)
    const sha = commit('a')
    await of('commit.waiting', sha)
    // Back into the window that is over, and through it once more: what waits does so until the next day's.
    clock.turn(-hour / 2)
    await clock.live(hour)
    expect(placement().newest).toBeUndefined()
    // The machine sleeps from 02:30 until the window of the next day is over.
    clock.go(24 * hour)
    await expect.poll(() => placement().waiting?.until, { timeout: 10_000 }).toBe('2026-01-03T01:00:00.000Z')
    expect(placement().newest).toBeUndefined()
    await clock.live(22.5 * hour)
    await kept(sha)
  })

  it('lets a person set them aside with a reason, and go back at any time', async () => {
    await start({ allow: '0 1 * * *', for: '1h' }, { deny: '30 1 * * *', for: '30m' })
    clock.go(hour)
    const first = commit('first')
    await kept(first)
    const second = commit('second')
    await kept(second)
    clock.go(hour / 2)
    const third = commit('third')
    expect((await of('commit.waiting', third)).data).toMatchObject({ until: '2026-01-02T01:00:00.000Z' })
    const deploy = { ...ask, kind: 'deploy', commit: third } as const
    await expect(kernel.flow.request(deploy)).rejects.toMatchObject({
      code: 'WINDOW_CLOSED',
      message: expect.stringContaining(`longshore deploy hello ${third} --override --why TEXT`),
    })
    await expect(kernel.flow.request({ ...deploy, override: true })).rejects.toMatchObject({
      code: 'WHY_MISSING',
    })
    await kernel.flow.request({ ...deploy, override: true, why: 'it burns' })
    await kept(third)
    await kernel.flow.request({ ...ask, kind: 'rollback' })
    await expect.poll(() => placement().running?.commit.sha, { timeout: 10_000 }).toBe(second)
  })

  it('lets in what waits as soon as its windows are taken away', async () => {
    await start({ allow: '0 1 * * *', for: '1h' })
    const sha = commit('a')
    await of('commit.waiting', sha)
    const services = { hello: { source: { url }, run: { kind: 'fake' } } }
    await kernel.kernel.reconfigure({ file: 'test', value: { version: 1, host: 'test', services } })
    await kept(sha)
  })
})
