import { expect, it } from 'vitest'
import { z } from 'zod'
import type { Batch, Storage } from '../src/index.js'
import { Journal, Storage as StorageToken, definePlugin, InputError, UnavailableError } from '../src/index.js'
import {
  coreProtocol,
  reduce,
  systemActor,
  type CoreDraft,
  type Event,
  type State,
} from '../src/protocol/index.js'
import { MemoryStorage } from '../src/testkit/index.js'
import { ines, start } from './start.js'

const declared = (service: string): CoreDraft => ({
  kind: 'service.declared',
  service,
  actor: systemActor,
  data: { source: { url: 'https://git.example/a.git', ref: 'main' }, run: { kind: 'fake' }, digest: 'd' },
})
const hold = (service: string): CoreDraft => ({
  kind: 'hold.placed',
  service,
  actor: ines,
  why: 'x',
  data: {},
})

/** Storage in memory that can be told to have no room. */
class FullableStorage extends MemoryStorage {
  full = false

  override async commit(batch: Batch): Promise<void> {
    if (this.full) throw new UnavailableError('STORAGE_FULL', 'no room')
    await Promise.resolve()
    return super.commit(batch)
  }
}

async function startFullable() {
  const storage = new FullableStorage()
  const plugin = definePlugin({
    name: 'fullable',
    provides: [StorageToken],
    setup: ({ provide }) => provide(StorageToken, storage as Storage),
  })
  const kernel = await start({ plugins: [plugin], config: { services: {} } })
  return { ...kernel, storage, journal: kernel.kernel.get(Journal) }
}

it('numbers without a gap, and keeps documents that the reducer makes of the events alone', async () => {
  const { journal, storage } = await start({ config: { services: {} } })
  await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      journal.record(declared(`s-${index % 7}`), hold(`s-${index % 5}`)),
    ),
  )
  const { events } = await journal.read({ after: 0, limit: 1000 })
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1))
  const state = events.reduce<State>((before, event) => reduce(before, event, coreProtocol.slices), {})
  const kept = await storage.list('placement')
  expect(Object.fromEntries(kept.map(({ key, value }) => [key, value]))).toEqual(
    JSON.parse(JSON.stringify(state.placement)),
  )
})

it('tells the state after exactly the events up to a seq, also while it is written', async () => {
  const { journal } = await start({ config: { services: {} } })
  const names = coreProtocol.slices.map(({ name }) => name)
  const write = async (index: number) => journal.record(declared(`s-${index % 7}`), hold(`s-${index % 5}`))
  const all = Array.from({ length: 100 }, (_, index) =>
    index % 10 === 9 ? journal.state(names) : write(index),
  )
  const told = (await Promise.all(all)).filter((each) => 'seq' in each)
  const { events } = await journal.read({ after: 0, limit: 1000 })
  expect(new Set(told.map(({ seq }) => seq)).size).toBeGreaterThan(2)
  for (const { seq, state } of told) {
    const until = events.filter((event) => event.seq <= seq)
    const reduced = until.reduce<State>((before, event) => reduce(before, event, coreProtocol.slices), {})
    for (const name of names)
      expect(JSON.parse(JSON.stringify(state[name]))).toEqual(JSON.parse(JSON.stringify(reduced[name] ?? {})))
  }
})

it('what a plugin tells of a service leaves the placement as it is, and makes a document of its own', async () => {
  const notes = { name: 'note', key: ({ kind }: Event) => (kind === 'note.made' ? 'all' : undefined) }
  const reduceNotes = (state: number | undefined) => (state ?? 0) + 1
  const plugin = definePlugin({
    name: 'notes',
    protocol: {
      events: { 'note.made': z.strictObject({}) },
      slices: [{ ...notes, reduce: reduceNotes }],
    },
    setup: () => undefined,
  })
  const { journal, storage, flow } = await start({ plugins: [plugin], config: { services: {} } })
  await journal.record(declared('a'))
  const before = flow.placement('a', 'test')
  await journal.record({ kind: 'note.made', service: 'a', actor: ines, data: {} })
  expect(before).toBeDefined()
  expect(flow.placement('a', 'test')).toBe(before)
  expect(await storage.get('note', 'all')).toBe(1)
})

it('follows without gap or double, from any seq on, also while it is written', async () => {
  const { journal } = await start({ config: { services: {} } })
  await Promise.all(Array.from({ length: 30 }, () => journal.record(declared('a'))))
  const signal = AbortSignal.timeout(10_000)
  const writing = Promise.all(Array.from({ length: 3000 }, () => journal.record(declared('b'))))
  const seen: number[] = []
  for await (const events of journal.follow(5, signal)) {
    seen.push(...events.map(({ seq }) => seq))
    if (seen.length >= 3000) break
  }
  await writing
  expect(seen).toEqual(seen.map((_, index) => index + 6))
})

it('a disk without room refuses with a code, loses nothing and goes on when there is room again', async () => {
  const { journal, storage, flow } = await startFullable()
  await journal.record(declared('a'))
  const last = journal.last()
  storage.full = true
  const refused = await Promise.allSettled([journal.record(hold('a')), journal.record(declared('b'))])
  expect(refused.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(journal.last()).toBe(last)
  storage.full = false
  const [event] = await journal.record(declared('c'))
  expect(event?.seq).toBe(last + 1)
  expect(flow.placements().map(({ service, hold: held }) => [service, held])).toEqual([
    ['a', undefined],
    ['c', undefined],
  ])
})

it('shows nothing before it is durable, and nothing at all of what the disk refused', async () => {
  const { journal, storage, flow } = await startFullable()
  await journal.record(declared('a'))
  const held = () => flow.placements()[0]?.hold?.why
  storage.full = true
  await expect(journal.record(hold('a'))).rejects.toMatchObject({ code: 'STORAGE_FULL' })
  expect(held()).toBeUndefined()
  storage.full = false
  const writing = journal.record(hold('a'), hold('b'))
  while (storage.last() === journal.last()) {
    expect(held()).toBeUndefined()
    await Promise.resolve()
  }
  await writing
  expect(held()).toBe('x')
})

it('refuses a kind that nobody declared, and data of another shape', async () => {
  const { journal } = await start({ config: { services: {} } })
  const last = journal.last()
  const landed = journal.record({ kind: 'moon.landed', actor: systemActor, data: {} })
  await expect(landed).rejects.toMatchObject({ code: 'EVENT_INVALID' })
  // The fault is the plugin's, not of who asked it for something.
  await expect(landed).rejects.not.toBeInstanceOf(InputError)
  await expect(
    journal.record({
      kind: 'host.started',
      actor: systemActor,
      data: { version: 1 } as unknown as { version: string },
    }),
  ).rejects.toMatchObject({ code: 'EVENT_INVALID' })
  expect(journal.last()).toBe(last)
})

it('keeps a placement through events that the core knows nothing of', async () => {
  const events = { 'fire.drilled': z.strictObject({}) }
  const plugin = definePlugin({ name: 'drill', protocol: { events }, setup: () => undefined })
  const { journal, flow } = await start({ plugins: [plugin] })
  await journal.record({ kind: 'fire.drilled', service: 'hello', actor: systemActor, data: {} })
  expect(flow.placement('hello', 'test')).toMatchObject({ declared: true })
})
