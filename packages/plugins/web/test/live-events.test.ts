import { describe, expect, it } from 'vitest'
import { coreProtocol, reduce, showState, type Event, type State } from '@longshore/core/protocol'
import { newWorld } from '@longshore/core/testkit'
import { Live, overSocket } from './live.js'
import { push, startWeb, type Web } from './start.js'

const { slices } = coreProtocol

/** Facts about `hello` that only these tests make; each call is one write. */
async function record(web: Web, count: number, why = 'made'): Promise<void> {
  const actor = { kind: 'user', name: 'ines' } as const
  const placed = { kind: 'hold.placed' as const, service: 'hello', actor, why, data: {} }
  await web.journal.record(...Array.from({ length: count }, () => placed))
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)
/** Where seqs are not the next of the one before: gaps, doubles and what is out of order, and the ends. */
function told(seqs: readonly number[]) {
  const breaks = seqs.flatMap((seq, index) =>
    index > 0 && seq !== seqs[index - 1]! + 1 ? [[seqs[index - 1], seq]] : [],
  )
  return { from: seqs[0], to: seqs.at(-1), breaks }
}
const gapless = (from: number, to: number) => ({ from, to, breaks: [] })
const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

/** The state that the server has, as clients are shown it. */
async function stateOf(web: Web): Promise<{ seq: number; state: State }> {
  const { seq, state } = await web.journal.state(slices.map(({ name }) => name))
  return { seq, state: plain(showState(state, slices, () => true)) }
}

function reduced(state: State, events: readonly Event[]): State {
  const shown = slices.filter((each) => 'shown' in each)
  return plain(events.reduce((before, event) => reduce(before, event, shown), state))
}

function stateIn(live: Live): State {
  const [hello] = live.hellos
  if (!hello || !('state' in hello)) throw new Error('it was told no state')
  return hello.state
}

describe('a client that begins', () => {
  it.each(['websocket', 'polling'])('is told the state, and then what happens, by %s', async (transport) => {
    const web = await startWeb()
    for (const door of [{}, overSocket(web)]) {
      const before = await stateOf(web)
      const live = await new Live(web, { transports: [transport], ...door }).connected()
      expect(await live.hello()).toEqual({ ...before, id: expect.any(String) })
      expect(Object.keys(stateIn(live)).sort()).toEqual(['host', 'placement'])
      // Of what is held by the time of the second round nothing is deployed.
      if (!web.flow.placements()[0]!.hold) await push(web)
      await record(web, 3)
      const after = await stateOf(web)
      await live.reached(after.seq)
      // What is held is ended, meanwhile.
      const until = live.events.filter(({ seq }) => seq <= after.seq)
      expect(until.map(({ seq }) => seq)).toEqual(range(before.seq + 1, after.seq))
      expect(reduced(stateIn(live), until)).toEqual(after.state)
    }
  })

  it('is told nothing when it asks for nothing', async () => {
    const web = await startWeb()
    const quiet = await new Live(web, { auth: { token: web.token, events: false } }).connected()
    const live = await new Live(web).connected()
    await live.hello()
    await record(web, 1)
    await live.reached(web.journal.last())
    expect([quiet.hellos, quiet.events]).toEqual([[], []])
  })

  it.each([
    [{ since: -1 }],
    [{ since: 1.5 }],
    [{ since: '7' }],
    [{ since: { $gt: 0 } }],
    [{ since: Number.MAX_VALUE }],
    [{ since: 1, id: 7 }],
    [{ since: 1, id: '' }],
    [{ events: 'no' }],
    [{ colour: 'red' }],
  ])('is refused with what it gave amiss: %j', async (auth) => {
    const web = await startWeb()
    const refused = await new Live(web, { auth: { token: web.token, ...auth } })
      .connected()
      .catch((error: unknown) => error)
    expect(refused).toMatchObject({
      data: { status: 400, code: 'WEB_INPUT_INVALID', errors: [{ path: expect.stringContaining('auth') }] },
    })
  })
})

describe('a client that comes back', () => {
  it('is told what it missed, and no more', async () => {
    const web = await startWeb()
    await record(web, 700)
    const last = web.journal.last()
    for (const since of [0, 1, 255, 256, 257, 300, last - 1, last]) {
      const live = await new Live(web, { auth: { token: web.token, since } }).connected()
      const hello = await live.hello()
      expect(hello).toMatchObject({ seq: last, events: expect.any(Array) })
      expect(live.seqs, `since ${since}`).toEqual(since === last ? [] : range(since + 1, last))
      const page = await web.journal.read({ after: since, limit: 1_000 })
      expect(live.events).toEqual(plain(page.events))
    }
    const live = await new Live(web, { auth: { token: web.token, since: last - 1 } }).connected()
    await live.hello()
    await record(web, 2)
    await live.reached(last + 2)
    expect(live.seqs).toEqual([last, last + 1, last + 2])
  })

  it('of 10,000 events is told them all, of more the state', async () => {
    const web = await startWeb()
    for (let round = 0; round < 11; round++) await record(web, 1_000, 'x')
    const last = web.journal.last()
    const all = await new Live(web, { auth: { token: web.token, since: last - 10_000 } }).connected()
    await all.hello()
    expect(told(all.seqs)).toEqual(gapless(last - 9_999, last))
    const more = await new Live(web, { auth: { token: web.token, since: last - 10_001 } }).connected()
    expect(await more.hello()).toEqual({ ...(await stateOf(web)), id: expect.any(String) })
  })

  it('from another journal, or from before what is kept, is told the state', async () => {
    const web = await startWeb()
    await record(web, 10)
    const last = web.journal.last()
    const [ours] = (await web.journal.read({ after: 4, limit: 1 })).events
    const known = await new Live(web, { auth: { token: web.token, since: 5, id: ours!.id } }).connected()
    expect(await known.hello()).toMatchObject({ seq: last, events: expect.any(Array) })
    for (const auth of [{ since: last + 1 }, { since: 999_999 }, { since: 5, id: 'another' }]) {
      const live = await new Live(web, { auth: { token: web.token, ...auth } }).connected()
      expect(await live.hello(), JSON.stringify(auth)).toMatchObject({
        seq: last,
        state: expect.any(Object),
      })
    }
    await web.storage.prune(Date.now() + 1_000)
    await record(web, 1)
    const past = await new Live(web, { auth: { token: web.token, since: 1 } }).connected()
    expect(await past.hello()).toMatchObject({ state: expect.any(Object) })
  })

  it('over a restart goes on where it was', async () => {
    const world = newWorld()
    const before = await startWeb({ ...world })
    await push(before)
    const first = await new Live(before).connected()
    const { seq: begin } = await first.hello()
    await record(before, 5)
    await first.reached(before.journal.last())
    const since = first.seqs.at(-1)!
    await before.stop()
    const after = await startWeb({ ...world })
    await record(after, 5)
    const again = await new Live(after, {
      auth: { token: after.token, since, id: first.events.at(-1)!.id },
    }).connected()
    const last = after.journal.last()
    await again.reached(last)
    expect([...first.seqs, ...again.seqs]).toEqual(range(begin + 1, last))
    const now = await stateOf(after)
    await again.reached(now.seq)
    expect(reduced(stateIn(first), [...first.events, ...again.events])).toEqual(now.state)
  })
})

describe('bursts, and clients that are slow', () => {
  it('come in few packets, in order', async () => {
    const web = await startWeb()
    const live = await new Live(web).connected()
    const { seq } = await live.hello()
    await Promise.all(Array.from({ length: 2_000 }, () => record(web, 1)))
    await live.reached(seq + 2_000)
    expect(told(live.seqs)).toEqual(gapless(seq + 1, seq + 2_000))
    expect(live.packets).toBeLessThan(200)
  })

  it('do not wait for one that does not read; when it reads on it misses nothing', async () => {
    const web = await startWeb()
    const [slow, other] = [await new Live(web).connected(), await new Live(web).connected()]
    const { seq } = await slow.hello()
    await other.hello()
    const resume = slow.pause()
    // More than is kept for anybody: the rest is read from the store.
    for (let round = 0; round < 12; round++) await record(web, 500, 'x'.repeat(1_900))
    const last = web.journal.last()
    await other.reached(last)
    expect(slow.events.length).toBeLessThan(6_000)
    resume()
    await slow.reached(last)
    for (const { seqs } of [slow, other]) expect(told(seqs)).toEqual(gapless(seq + 1, last))
  }, 60_000)

  it('begin anew when what they have not read is not kept any more', async () => {
    const web = await startWeb()
    const slow = await new Live(web).connected()
    await slow.hello()
    const resume = slow.pause()
    for (let round = 0; round < 24; round++) await record(web, 500, 'x'.repeat(1_900))
    await web.storage.prune(Date.now() + 1_000)
    await record(web, 1, 'the only one that is kept')
    resume()
    await expect.poll(() => slow.hellos.length, { timeout: 20_000 }).toBe(2)
    const again = slow.hellos[1]!
    expect(again).toMatchObject(await stateOf(web))
    await record(web, 1)
    await slow.reached(web.journal.last())
    expect(slow.seqs.filter((each) => each > again.seq)).toEqual([again.seq + 1])
  }, 60_000)
})

/** A generator of its own, so that a round that failed can be made again. */
function chance(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) & 0x7fffffff
    return (state >> 8) % below
  }
}

/** One that connects again and again, each time with the last seq that it saw. */
class Returning {
  readonly #web: Web
  live: Live | undefined
  /** What all of its connections were told. */
  readonly events: Event[] = []
  state: State | undefined
  begin = 0

  constructor(web: Web) {
    this.#web = web
  }

  async connect(options: object): Promise<void> {
    const since = this.events.at(-1)?.seq ?? (this.state && this.begin)
    this.live = await new Live(this.#web, { ...options, auth: { token: this.#web.token, since } }).connected()
    const hello = await this.live.hello()
    if (this.state) expect(hello).toHaveProperty('events')
    else [this.state, this.begin] = [stateIn(this.live), hello.seq]
  }

  leave(): void {
    this.live?.socket.disconnect()
    this.events.push(...(this.live?.events ?? []))
    this.live = undefined
  }
}

it.each([1, 2, 3, 4, 5, 6])('whoever comes and goes sees every event once, in order (%i)', async (seed) => {
  const web = await startWeb()
  const pick = chance(seed)
  const clients = Array.from({ length: 5 }, () => new Returning(web))
  const writes: Promise<void>[] = []
  for (let step = 0; step < 60; step++) {
    const client = clients[pick(clients.length)]!
    const way = pick(6)
    if (way < 3) writes.push(record(web, 1 + pick(way === 0 ? 400 : 4)))
    else if (client.live) client.leave()
    else await client.connect(pick(3) === 0 ? { transports: ['polling'] } : {})
  }
  await Promise.all(writes)
  const { seq, state } = await stateOf(web)
  for (const client of clients) {
    if (!client.live) await client.connect({})
    await client.live!.reached(seq)
    client.leave()
    const seqs = client.events.map((event) => event.seq)
    expect(told(seqs)).toEqual(
      seqs.length === 0 ? { from: undefined, to: undefined, breaks: [] } : gapless(client.begin + 1, seq),
    )
    expect(reduced(client.state!, client.events)).toEqual(state)
  }
})
