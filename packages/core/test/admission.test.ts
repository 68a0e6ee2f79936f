import { expect, it, vi } from 'vitest'
import { definePlugin, type Asking, type Plugin } from '../src/index.js'
import { stateOf } from '../src/protocol/index.js'
import { HandClock, startTestKernel } from '../src/testkit/index.js'
import { ines, of, placementOf, settled, start, url, world } from './start.js'

const hour = 3_600_000

/** Lets nothing in before that time, unless a person overrides it. */
function opens(clock: HandClock, at: number, asked: Asking[] = []): Plugin {
  return definePlugin({
    name: 'opens',
    setup({ hooks }) {
      hooks.admit.tap((_commit, _placement, asking) => {
        asked.push(asking)
        if (clock.now() >= at || asking.override) return undefined
        const until = new Date(at).toISOString()
        return { code: 'CLOSED', reason: `it opens at ${until}`, waits: true, until }
      })
    },
  })
}

it('a commit that waits for a time is let in when that has come, and not before', async () => {
  const clock = new HandClock()
  const kernel = await start({ clock, plugins: [opens(clock, clock.now() + hour)] })
  const sha = kernel.git.commit(url, 'main', { a: '1' })
  await kernel.seen(of('commit.waiting', sha))
  expect(stateOf(placementOf(kernel))).toBe('waiting')
  for (let at = 0; at < 119; at++) await clock.pass(30_000)
  expect(placementOf(kernel).waiting).toBeDefined()
  await clock.pass(30_000)
  await kernel.seen(settled(sha, 'kept'))
  expect(placementOf(kernel).waiting).toBeUndefined()
})

it('a wall clock that is set back lets nothing in before its time', async () => {
  const clock = new HandClock()
  const at = clock.now() + 60_000
  const kernel = await start({ clock, plugins: [opens(clock, at)] })
  const sha = kernel.git.commit(url, 'main', { a: '1' })
  await kernel.seen(of('commit.waiting', sha))
  await clock.pass(30_000)
  clock.turn(-hour)
  for (let spent = 0; spent < hour + 30_000; spent += 30_000) {
    expect(placementOf(kernel).newest).toBeUndefined()
    await clock.pass(30_000)
  }
  await kernel.seen(settled(sha, 'kept'))
})

it('a machine that slept for a day looks at what waits once', async () => {
  const clock = new HandClock()
  const asked: Asking[] = []
  const kernel = await start({ clock, plugins: [opens(clock, clock.now() + hour, asked)] })
  const sha = kernel.git.commit(url, 'main', { a: '1' })
  await kernel.seen(of('commit.waiting', sha))
  const before = asked.length
  clock.go(24 * hour)
  await kernel.seen(settled(sha, 'kept'))
  expect(asked.length - before).toBe(1)
})

it('what waits over a restart is judged again by the next Longshore', async () => {
  const clock = new HandClock()
  const kept = await world()
  const at = clock.now() + hour
  const first = await startTestKernel({ ...kept, clock, plugins: [opens(clock, at)] })
  const sha = kept.git.commit(url, 'main', { a: '1' })
  await first.seen(of('commit.waiting', sha))
  await first.stop()
  clock.go(hour)
  const second = await start({ ...kept, clock, plugins: [opens(clock, at)] })
  await second.seen(settled(sha, 'kept'))
})

it('a person overrides what only bounds when something is deployed, and has to say why', async () => {
  const clock = new HandClock()
  const asked: Asking[] = []
  const kernel = await start({ clock, plugins: [opens(clock, clock.now() + hour, asked)] })
  const sha = kernel.git.commit(url, 'main', { a: '1' })
  await kernel.seen(of('commit.waiting', sha))
  const deploy = { kind: 'deploy', service: 'hello', actor: ines, commit: sha } as const
  await expect(kernel.flow.request(deploy)).rejects.toMatchObject({ code: 'CLOSED' })
  const bare = kernel.flow.request({ ...deploy, override: true })
  await expect(bare).rejects.toMatchObject({ code: 'WHY_MISSING' })
  await kernel.flow.request({ ...deploy, override: true, why: 'it burns' })
  await kernel.seen(settled(sha, 'kept'))
  expect(asked.at(-1)).toMatchObject({ actor: ines, trigger: 'operator', override: true, why: 'it burns' })
  expect(placementOf(kernel).waiting).toBeUndefined()
})

it('what waited is judged again when a plugin asks, by whoever changed something', async () => {
  let closed = true
  const door = definePlugin({
    name: 'door',
    setup({ hooks }) {
      hooks.admit.tap(() =>
        closed ? { code: 'CLOSED', reason: 'the door is closed', waits: true } : undefined,
      )
    },
  })
  const kernel = await start({ plugins: [door] })
  const sha = kernel.git.commit(url, 'main', { a: '1' })
  await kernel.seen(of('commit.waiting', sha))
  await kernel.flow.request({ kind: 'reconsider', service: 'hello', actor: ines })
  closed = false
  await kernel.flow.request({ kind: 'reconsider', service: 'hello', actor: ines })
  const admitted = await kernel.seen(of('commit.admitted', sha))
  expect(admitted.actor).toEqual(ines)
  await kernel.seen(settled(sha, 'kept'))
  const { events } = await kernel.journal.read({ kind: 'commit.waiting', limit: 10 })
  expect(events).toHaveLength(1)
})

it('who refuses for good is obeyed before who lets wait, whatever the order', async () => {
  const waits = definePlugin({
    name: 'a-waits',
    setup: ({ hooks }) =>
      void hooks.admit.tap(() => ({ code: 'CLOSED', reason: 'the door is closed', waits: true as const })),
  })
  const refuses = definePlugin({
    name: 'b-refuses',
    setup: ({ hooks }) => void hooks.admit.tap(() => ({ code: 'UNSIGNED', reason: 'nobody signed it' })),
  })
  const kernel = await start({ plugins: [waits, refuses] })
  const sha = kernel.git.commit(url, 'main', { a: '1' })
  await kernel.seen(of('commit.refused', sha))
  await vi.waitFor(() => expect(placementOf(kernel).refused).toMatchObject({ code: 'UNSIGNED' }))
})

it('a commit that is let in while the service is held waits for its release', async () => {
  const kernel = await start()
  const first = kernel.git.commit(url, 'main', { a: '1' })
  await kernel.seen(settled(first, 'kept'))
  await kernel.flow.request({ kind: 'stop', service: 'hello', actor: ines, why: 'x' })
  const old = kernel.git.commit(url, 'other', { a: '2' }, { parent: first })
  await kernel.flow.request({ kind: 'admit', service: 'hello', actor: ines, commit: old })
  const { data } = await kernel.seen(of('commit.admitted', old))
  expect(data).toMatchObject({ held: true })
  expect(kernel.runtime.applied.some(({ commit }) => commit.sha === old)).toBe(false)
  await kernel.flow.request({ kind: 'start', service: 'hello', actor: ines })
  await kernel.seen(settled(old, 'kept'))
})

it('who signed a commit is told while it waits, and when it is let in', async () => {
  let closed = true
  const door = definePlugin({
    name: 'door',
    setup({ hooks }) {
      hooks.admit.tap(() => ({ signer: 'ada' }))
      hooks.admit.tap(() =>
        closed ? { code: 'CLOSED', reason: 'the door is closed', waits: true } : undefined,
      )
    },
  })
  const kernel = await start({ plugins: [door] })
  const sha = kernel.git.commit(url, 'main', { a: '1' })
  expect((await kernel.seen(of('commit.waiting', sha))).data).toMatchObject({ signer: 'ada' })
  expect(placementOf(kernel).waiting).toMatchObject({ signer: 'ada' })
  closed = false
  await kernel.flow.request({ kind: 'admit', service: 'hello', actor: ines, commit: sha })
  expect((await kernel.seen(of('commit.admitted', sha))).data).toMatchObject({ signer: 'ada' })
})
