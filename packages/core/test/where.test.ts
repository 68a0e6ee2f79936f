import { expect, it, vi } from 'vitest'
import { settled, start } from './start.js'
import { ines } from './start.js'

const { signal } = new AbortController()
const lib = 'https://git.example/team/lib.git'
const other = 'https://git.example/team/other.git'

/** Three services: two of one repository, on branches of their own, and one of another. */
async function three() {
  const run = { kind: 'fake' }
  const services = {
    edge: { source: { url: lib, ref: 'main' }, run },
    old: { source: { url: lib, ref: 'old' }, run },
    else: { source: { url: other }, run },
  }
  const kernel = await start({ config: { services } })
  const base = kernel.git.commit(lib, 'main', { a: '1' })
  kernel.git.point(lib, 'old', base)
  const bad = kernel.git.commit(lib, 'main', { a: '2' })
  await kernel.seen((event) => settled(bad, 'kept')(event) && event.service === 'edge')
  const after = kernel.git.commit(lib, 'main', { a: '3' })
  const apart = kernel.git.commit(other, 'main', { a: '1' })
  await kernel.seen((event) => settled(after, 'kept')(event) && event.service === 'edge')
  await kernel.seen((event) => settled(base, 'kept')(event) && event.service === 'old')
  await kernel.seen(settled(apart, 'kept'))
  return { ...kernel, base, bad, after }
}

it('tells who runs a commit that contains it and since when, and who could go back to one', async () => {
  const { flow, journal, base, bad, after } = await three()
  const { items, unknown } = await flow.where(bad, signal)
  expect(unknown).toEqual([])
  expect(items).toMatchObject([
    { service: 'edge', runs: { commit: after }, would: after, back: [bad], quarantined: false, held: false },
  ])
  const { events } = await journal.read({ service: 'edge', kind: 'deployment.settled', limit: 10 })
  const kept = events.find(({ commit }) => commit === bad)!
  expect(items[0]!.runs!.since.slice(0, 19)).toBe(kept.time.slice(0, 19))
  const all = await flow.where(base, signal)
  expect(all.items.map(({ service }) => service)).toEqual(['edge', 'old'])
})

it('finds the commit by how it begins, and says when nothing or too much does', async () => {
  const { flow, bad } = await three()
  expect((await flow.where(bad.slice(0, 10), signal)).commit).toBe(bad)
  await expect(flow.where('0000000', signal)).rejects.toMatchObject({ code: 'COMMIT_UNKNOWN' })
})

it('what is held would run it again, and what is barred is told', async () => {
  const { flow, seen, bad, after } = await three()
  await flow.request({ kind: 'stop', service: 'edge', actor: ines, why: 'x' })
  await seen(({ kind, service }) => kind === 'service.ended' && service === 'edge')
  expect((await flow.where(bad, signal)).items).toMatchObject([{ service: 'edge', would: after, held: true }])
  await flow.request({
    kind: 'quarantine',
    service: 'edge',
    actor: ines,
    commit: bad,
    descendants: true,
    why: 'x',
  })
  const [item] = (await flow.where(bad, signal)).items
  expect(item).toMatchObject({ back: [], quarantined: true })
  expect(item!.would).toBeUndefined()
})

it('of a service whose history is not to be had it says so, and of the others what it knows', async () => {
  const { flow, git, bad } = await three()
  git.contains = (source, sha, ancestor, ...rest) =>
    source.url === other
      ? Promise.resolve(undefined)
      : Object.getPrototypeOf(git).contains.call(git, source, sha, ancestor, ...rest)
  const { items, unknown } = await flow.where(bad, signal)
  expect(items.map(({ service }) => service)).toEqual(['edge'])
  expect(unknown).toMatchObject([{ service: 'else', code: 'ANCESTRY_UNKNOWN' }])
})

it('a plan tells what would change and what bars it, and records and starts nothing', async () => {
  const { flow, journal, runtime, git, base, after } = await three()
  await flow.request({ kind: 'quarantine', service: 'old', actor: ines, commit: after, why: 'it leaks' })
  const [last, applied] = [journal.last(), runtime.applied.length]
  const plan = await flow.plan({ service: 'old', commit: after, actor: ines }, signal)
  expect(plan).toMatchObject({
    commit: { sha: after },
    from: { sha: base },
    files: ['a'],
    barred: { code: 'COMMIT_QUARANTINED', reason: expect.stringContaining('it leaks') },
  })
  expect(plan.preview!.changes.length).toBeGreaterThan(0)
  const next = await flow.plan({ service: 'edge', actor: ines }, signal)
  expect(next).toMatchObject({ commit: { sha: after }, files: [] })
  expect(next.barred).toBeUndefined()
  expect([journal.last(), runtime.applied.length]).toEqual([last, applied])
  git.away(lib)
  await vi.waitFor(() => expect(flow.placement('edge', 'test')!.unreachable).toBeDefined())
  await expect(flow.plan({ service: 'edge', actor: ines }, signal)).rejects.toMatchObject({
    code: 'GIT_UNREACHABLE',
  })
})
