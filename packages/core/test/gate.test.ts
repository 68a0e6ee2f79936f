import { expect, it, vi } from 'vitest'
import { stateOf, why } from '../src/protocol/index.js'
import type { TestKernel } from '../src/testkit/index.js'
import { judge } from './judge.js'
import { ines, of, placementOf, services, settled, start, url } from './start.js'

function judged(onFailure: string) {
  const { services: all } = services({ hello: {} }) as { services: Record<string, object> }
  return { plugins: [judge], config: { services: { hello: { ...all['hello'], policy: { onFailure } } } } }
}

async function push(kernel: TestKernel, message: string, outcome: string): Promise<string> {
  const sha = kernel.git.commit(url, 'main', { a: message }, { message })
  await kernel.seen(settled(sha, outcome))
  return sha
}

it('what is ill is rolled back by itself, and barred with the evidence; the fix is deployed', async () => {
  const kernel = await start(judged('rollback'))
  const good = await push(kernel, 'good', 'kept')
  const bad = await push(kernel, 'ill', 'rolledBack')
  const placed = await kernel.seen(of('quarantine.placed', bad))
  expect(placed).toMatchObject({ actor: { kind: 'system' }, data: { evidence: ['Error: boom'] } })
  await vi.waitFor(() => expect(placementOf(kernel).running!.commit.sha).toBe(good))
  expect(why(placementOf(kernel))).toMatch(
    /runs .*, not the newest .*: was quarantined at .*: ready answers 500/,
  )
  const fix = await push(kernel, 'fix', 'kept')
  expect(placementOf(kernel).running!.commit.sha).toBe(fix)
  expect(stateOf(placementOf(kernel))).toBe('healthy')
})

it('nothing to go back to: it ends, and says so', async () => {
  const kernel = await start(judged('rollback'))
  await push(kernel, 'ill', 'failed')
  await kernel.seen(of('service.ended'))
  expect(why(placementOf(kernel))).toMatch(/Nothing was kept before/)
})

it('a rollback that fails too leaves alone what runs, and is no loop', async () => {
  const kernel = await start(judged('rollback'))
  const good = await push(kernel, 'good', 'kept')
  const release = kernel.runtime.hold()
  const bad = kernel.git.commit(url, 'main', { a: '2' }, { message: 'ill' })
  await vi.waitFor(() => expect(kernel.runtime.applied).toHaveLength(2))
  release()
  await kernel.seen(of('quarantine.placed', bad))
  kernel.runtime.broken = true
  await kernel.seen(settled(good, 'failed'))
  await vi.waitFor(() => expect(placementOf(kernel).deployment).toBeUndefined())
  expect(kernel.runtime.applied.filter(({ commit }) => commit.sha === bad)).toHaveLength(1)
  expect(placementOf(kernel).running!.commit.sha).toBe(bad)
  expect(stateOf(placementOf(kernel))).toBe('failing')
  expect(why(placementOf(kernel))).toMatch(/Going back to .* failed too/)
})

it('by policy it is stopped and held instead', async () => {
  const kernel = await start(judged('stop'))
  await push(kernel, 'good', 'kept')
  await push(kernel, 'ill', 'failed')
  await kernel.seen(of('service.ended'))
  expect(stateOf(placementOf(kernel))).toBe('held')
  expect(placementOf(kernel).hold).toMatchObject({ by: { kind: 'system' }, why: 'ready answers 500' })
})

it('by policy it runs on, and is nothing to go back to', async () => {
  const kernel = await start(judged('keep'))
  const good = await push(kernel, 'good', 'kept')
  const bad = await push(kernel, 'ill', 'kept')
  expect(placementOf(kernel)).toMatchObject({ running: { commit: { sha: bad } }, quarantines: [] })
  expect(placementOf(kernel).kept!.map(({ commit }) => commit.sha)).toEqual([good])
  const { items } = await kernel.flow.deployments('hello', { limit: 1 })
  expect(items[0]).toMatchObject({ outcome: 'kept', code: 'CHECK_UNHEALTHY' })
})

it('what was kept and is ill now is left alone: going back from it is no help', async () => {
  let ill = false
  const kernel = await start({
    ...judged('rollback'),
    plugins: [
      {
        name: 'later',
        setup({ hooks }) {
          hooks.settle.tap(() =>
            ill ? { keep: false, code: 'X', reason: 'the database is away' } : undefined,
          )
        },
      },
    ],
  })
  await push(kernel, 'old', 'kept')
  const good = await push(kernel, 'good', 'kept')
  ill = true
  await kernel.flow.request({ kind: 'restart', service: 'hello', actor: ines })
  await kernel.seen(settled(good, 'failed'))
  await vi.waitFor(() => expect(placementOf(kernel).deployment).toBeUndefined())
  expect(placementOf(kernel)).toMatchObject({ running: { commit: { sha: good } }, quarantines: [] })
  expect(stateOf(placementOf(kernel))).toBe('failing')
})
