import { Contributions, definePlugin, type Plugin } from '@longshore/core'
import type { Actor } from '@longshore/core/protocol'
import {
  happened,
  newWorld,
  routeRequest,
  settled,
  startTestKernel,
  verifyPlugin,
} from '@longshore/core/testkit'
import type { TestKernel, TestWorld } from '@longshore/core/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import approval from '../src/index.js'
import { approvalRoutes, approvalSlice, type Approval } from '../src/protocol.js'

describe('the plugin', () => {
  for (const { name, run } of verifyPlugin(approval as Plugin)) it(name, run)
})

const url = 'https://git.example/team/hello.git'
const ines: Actor = { kind: 'user', name: 'ines' }

describe('a service that is deployed by approval', () => {
  let kernel: TestKernel
  let world: TestWorld
  /** Whether another plugin keeps commits out, too. */
  let closed: boolean
  beforeEach(() => {
    world = newWorld()
    closed = false
  })
  afterEach(() => kernel.stop())

  const door = definePlugin({
    name: 'door',
    setup: ({ hooks }) =>
      void hooks.admit.tap(() =>
        closed ? { code: 'CLOSED', reason: 'the door is closed', waits: true } : undefined,
      ),
  })
  const servicesWith = (policy: object) => ({ hello: { source: { url }, run: { kind: 'fake' }, policy } })
  async function start(policy: object = { deploy: 'manual' }) {
    const config = { services: servicesWith(policy) }
    kernel = await startTestKernel({ ...world, plugins: [approval as Plugin, door], config })
  }
  const commit = (content: string, parent?: string | null, branch = 'main') =>
    world.git.commit(url, branch, { a: content }, { parent })
  const of = (kind: string, sha: string) => kernel.seen(happened(kind, sha))
  const kept = (sha: string) => kernel.seen(settled(sha, 'kept'))
  const placement = () => kernel.flow.placement('hello', 'test')!
  const applied = () => kernel.runtime.applied.map((plan) => plan.commit.sha)

  function approve(commit: string, actor = ines, service = 'hello') {
    const route = kernel.kernel
      .get(Contributions)
      .routes.find(({ shape }) => shape.path === approvalRoutes.approve.path)!
    const body = approvalRoutes.approve.body!.parse({ commit, why: 'it was tried' })
    return route.handler(routeRequest({ params: { service }, body, actor }))
  }

  it('waits until a person approves the commit, and is deployed then', async () => {
    await start()
    const sha = commit('1')
    expect((await of('commit.waiting', sha)).data).toMatchObject({
      code: 'APPROVAL_WAITED',
      reason: `nobody has approved it yet: longshore approve hello ${sha.slice(0, 7)}`,
    })
    expect(applied()).toEqual([])
    const answer = await approve(sha)
    expect(await of('commit.approved', sha)).toMatchObject({
      actor: ines,
      why: 'it was tried',
      service: 'hello',
    })
    const settled = await kept(sha)
    expect(answer).toMatchObject({ deployment: settled.deployment })
    expect(placement().waiting).toBeUndefined()
  })

  it('remembers what was approved over a restart, and by whom', async () => {
    await start()
    closed = true
    const sha = commit('1')
    await of('commit.waiting', sha)
    expect(await approve(sha)).toMatchObject({ waits: { code: 'CLOSED', reason: 'the door is closed' } })
    await expect.poll(() => placement().waiting?.code, { timeout: 10_000 }).toBe('CLOSED')
    await kernel.stop()
    closed = false
    await start()
    await kept(sha)
    const kinds = (await kernel.journal.read({ limit: 100, kind: 'commit.approved' })).events
    expect(kinds).toHaveLength(1)
  })

  it("takes no word but a person's, and each for its own commit", async () => {
    await start()
    const first = commit('1')
    await of('commit.waiting', first)
    for (const kind of ['poll', 'system', 'webhook'] as const)
      await expect(approve(first, { kind })).rejects.toMatchObject({ code: 'APPROVER_UNFIT' })
    await approve(first, { kind: 'token', name: 'ci' })
    await kept(first)
    const forced = commit('2', null)
    await of('commit.waiting', forced)
    expect(applied()).toEqual([first])
    await kernel.flow.request({ kind: 'reconsider', service: 'hello', actor: ines })
    const deploy = { kind: 'deploy', service: 'hello', actor: ines, commit: forced } as const
    for (const more of [{}, { override: true, why: 'now' }])
      await expect(kernel.flow.request({ ...deploy, ...more })).rejects.toMatchObject({
        code: 'APPROVAL_WAITED',
      })
    await approve(forced)
    await kept(forced)
  })

  it('lets an old commit in as well, and a rollback passes without', async () => {
    await start()
    const [old, head] = [commit('1', null, 'old'), commit('2')]
    await of('commit.waiting', head)
    await approve(old)
    await kept(old)
    expect(placement().newest?.sha).toBe(old)
    await approve(head)
    await kept(head)
    await kernel.stop()
    await start()
    await kernel.flow.request({ kind: 'rollback', service: 'hello', actor: ines })
    await expect.poll(() => placement().running?.commit.sha, { timeout: 10_000 }).toBe(old)
  })

  it('says what there is to do when there is nothing to approve', async () => {
    await start()
    const sha = commit('1')
    await of('commit.waiting', sha)
    await expect(approve(sha, ines, 'nobody')).rejects.toMatchObject({ code: 'SERVICE_UNKNOWN' })
    await expect(approve('f'.repeat(40))).rejects.toMatchObject({ code: 'GIT_COMMIT_MISSING' })
    await approve(sha)
    await kept(sha)
    await expect(approve(sha)).rejects.toMatchObject({ code: 'APPROVED_BEFORE' })
    await kernel.stop()
    await start({ deploy: 'auto' })
    await expect(approve(sha)).rejects.toMatchObject({ code: 'APPROVAL_NEEDLESS' })
  })

  it('deploys what waits when its policy becomes auto, and nothing more when it becomes manual', async () => {
    await start()
    const sha = commit('1')
    await of('commit.waiting', sha)
    const configure = (policy: object) =>
      kernel.kernel.reconfigure({
        file: 'test',
        value: { version: 1, host: 'test', services: servicesWith(policy) },
      })
    await configure({ deploy: 'auto' })
    await kept(sha)
    await configure({ deploy: 'manual' })
    const next = commit('2')
    await of('commit.waiting', next)
    expect(applied()).toEqual([sha])
  })

  it('that is held is approved, and deployed when it is released', async () => {
    await start()
    const sha = commit('1')
    await of('commit.waiting', sha)
    await kernel.flow.request({ kind: 'stop', service: 'hello', actor: ines, why: 'x' })
    expect(await approve(sha)).not.toHaveProperty('deployment')
    expect(applied()).toEqual([])
    await kernel.flow.request({ kind: 'start', service: 'hello', actor: ines })
    await kept(sha)
  })
})

describe('what was approved', () => {
  it('is remembered of the last hundred commits, each once', () => {
    const shaOf = (number: number) => number.toString(16).padStart(40, '0')
    const event = (number: number) => {
      const about = { kind: 'commit.approved', service: 'a', host: 'h', actor: ines, data: {} }
      return { ...about, seq: number, id: 'x', time: '2026-01-01T00:00:00.000Z', commit: shaOf(number) }
    }
    let state: Approval[] | undefined
    for (let number = 1; number <= 150; number++) state = approvalSlice.reduce(state, event(number))
    state = approvalSlice.reduce(state, event(140))
    expect(state).toHaveLength(100)
    expect(state![0]!.sha).toBe(shaOf(140))
    expect(state!.map(({ sha }) => sha)).toContain(shaOf(51))
    expect(new Set(state!.map(({ sha }) => sha)).size).toBe(100)
    expect(approvalSlice.key(event(1))).toBe('a@h')
    expect(approvalSlice.key({ ...event(1), kind: 'commit.admitted' })).toBeUndefined()
  })
})
