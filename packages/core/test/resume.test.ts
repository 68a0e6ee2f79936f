import { expect, it } from 'vitest'
import { FakeRuntime, startTestKernel, type MemoryDisk } from '../src/testkit/index.js'
import { coreProtocol, reduce, stateOf, why, type Event, type State } from '../src/protocol/index.js'
import { ines, of, services, settled, start, url, world } from './start.js'

it('a hold outlives a restart, and so do the pushes that came meanwhile', async () => {
  const around = await world()
  const first = await startTestKernel(around)
  const sha = around.git.commit(url, 'main', { a: '1' })
  await first.seen(settled(sha, 'kept'))
  await first.flow.request({ kind: 'stop', service: 'hello', actor: ines, why: 'x' })
  await first.seen(of('service.ended'))
  await first.stop()

  const second = await start(around)
  const later = around.git.commit(url, 'main', { a: '2' })
  await second.seen(of('commit.admitted', later))
  expect(around.runtime.running('hello')).toBeUndefined()
  await second.flow.request({ kind: 'start', service: 'hello', actor: ines })
  await second.seen(settled(later, 'kept'))
})

it('what runs goes on over a restart, untouched; what is gone is known to be lost and brought back', async () => {
  const around = await world()
  const first = await startTestKernel(around)
  const sha = around.git.commit(url, 'main', { a: '1' })
  await first.seen(settled(sha, 'kept'))
  const running = around.runtime.running('hello')
  await first.stop()

  const second = await startTestKernel(around)
  const later = around.git.commit(url, 'other', { a: '2' })
  expect(later).toBeDefined()
  expect(around.runtime.running('hello')).toEqual(running)
  expect((await second.flow.deployments('hello', { limit: 10 })).items).toHaveLength(1)
  await second.stop()

  const third = await start({ ...around, runtime: new FakeRuntime() })
  const lost = await third.seen(of('instance.lost'))
  await third.seen((event) => settled(sha, 'kept')(event) && event.seq > lost.seq)
  expect(third.flow.placements()[0]?.running?.deployment).not.toBe(running?.deployment)
})

it('what was lost and fails to come back is tried again, over a restart too, until it runs', async () => {
  const around = await world()
  const first = await startTestKernel(around)
  const sha = around.git.commit(url, 'main', { a: '1' })
  await first.seen(settled(sha, 'kept'))
  await first.stop()

  const down = new FakeRuntime()
  down.broken = true
  const second = await startTestKernel({ ...around, runtime: down })
  await second.seen(settled(sha, 'failed'))
  await second.stop()

  const { last } = around.disk
  const third = await start({ ...around, runtime: down })
  const again = await third.seen((event: Event) => settled(sha, 'failed')(event) && event.seq > last)
  const [placement] = third.flow.placements()
  expect(stateOf(placement!)).toBe('failing')
  expect(why(placement!)).toMatch(/does not run: .* was lost and could not be brought back.*tried again/)
  down.broken = false
  await third.seen((event) => settled(sha, 'kept')(event) && event.seq > again.seq)
  expect(stateOf(third.flow.placements()[0]!)).toBe('healthy')
  expect(down.running('hello')).toBeDefined()
})

it('a service that was removed from the config while Longshore was away is ended', async () => {
  const around = await world()
  const first = await startTestKernel(around)
  const sha = around.git.commit(url, 'main', { a: '1' })
  await first.seen(settled(sha, 'kept'))
  await first.stop()
  const second = await start({ ...around, config: { services: {} } })
  await second.seen(of('service.ended'))
  expect(around.runtime.running('hello')).toBeUndefined()
})

it('a crash after any event leaves no deployment under way for ever, and the newest runs once', async () => {
  const around = await world()
  const snapshots: MemoryDisk[] = []
  const first = await startTestKernel({ ...around, config: services({ hello: { print: 'x' } }) })
  const follow = new AbortController()
  const taking = (async () => {
    for await (const events of first.journal.follow(0, follow.signal)) {
      // What is seen of a commit and whether it is let in are one write: no crash comes between.
      const ends = events.filter(({ kind }) => kind !== 'commit.seen')
      for (const { seq } of ends) snapshots.push(rewind(around.disk, seq))
    }
  })()
  const one = around.git.commit(url, 'main', { a: '1' })
  await first.seen(settled(one, 'kept'))
  const two = around.git.commit(url, 'main', { a: '2' })
  await first.seen(settled(two, 'kept'))
  follow.abort()
  await taking
  await first.stop()
  expect(snapshots.length).toBeGreaterThan(15)

  for (const disk of snapshots) {
    const again = await startTestKernel({ ...around, disk })
    const atRest = () => {
      const [{ running, deployment } = {}] = again.flow.placements()
      return (
        !deployment &&
        running?.commit.sha === two &&
        around.runtime.running('hello')?.deployment === running.deployment
      )
    }
    await again.seen(atRest).catch(() => undefined)
    const [placement] = again.flow.placements()
    expect(placement?.running?.commit.sha).toBe(two)
    expect(placement?.deployment).toBeUndefined()
    expect(around.runtime.running('hello')?.deployment).toBe(placement?.running?.deployment)
    const { items } = await again.flow.deployments('hello', { limit: 100 })
    expect(items.filter(({ outcome }) => outcome === undefined)).toEqual([])
    await again.stop()
  }
})

/** The disk as a crash right after the event would have left it. */
function rewind(disk: MemoryDisk, seq: number): MemoryDisk {
  const events = structuredClone(disk.events.filter((event) => event.seq <= seq))
  const state = events.reduce<State>((before, event) => reduce(before, event, coreProtocol.slices), {})
  const documents = Object.entries(state).map(
    ([name, all]) =>
      [name, new Map(Object.entries(all).map(([key, value]) => [key, JSON.stringify(value)]))] as const,
  )
  return { events, documents: new Map(documents), last: events.length, opened: false }
}
