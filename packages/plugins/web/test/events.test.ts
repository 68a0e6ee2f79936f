import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { systemClock, type Clock } from '@longshore/core'
import type { Event } from '@longshore/core/protocol'
import { eventStream } from '../src/api/event-stream.js'
import { push, startWeb, type Web } from './start.js'

/** Facts about `hello` that only these tests make. */
async function record(web: Web, count: number, why = 'made'): Promise<void> {
  const placed = {
    kind: 'hold.placed' as const,
    service: 'hello',
    actor: { kind: 'user', name: 'ines' } as const,
  }
  await web.journal.record(...Array.from({ length: count }, () => ({ ...placed, why, data: {} })))
}

async function seqs(web: Web, query: string): Promise<number[]> {
  const { status, json } = await web.ask(`/api/v1/events?${query}`)
  expect(status, JSON.stringify(json)).toBe(200)
  return json.items.map(({ seq }: Event) => seq)
}

/** The events of a stream so far, as soon as there are so many, and its last id. */
async function* messages(stream: IncomingMessage): AsyncGenerator<{ id: number; event: Event }> {
  let text = ''
  for await (const chunk of stream.setEncoding('utf8')) {
    text += chunk as string
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const [id, data] = text.slice(0, end).split('\n')
      text = text.slice(end + 2)
      if (data?.startsWith('data: '))
        yield { id: Number(id!.slice(4)), event: JSON.parse(data.slice(6)) as Event }
    }
  }
}

async function take(stream: IncomingMessage, count: number): Promise<Event[]> {
  const found: Event[] = []
  for await (const { id, event } of messages(stream)) {
    expect(id).toBe(event.seq)
    if (found.push(event) === count) break
  }
  stream.destroy()
  return found
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

describe('the journal', () => {
  it('is paged both ways without gap or double', async () => {
    const web = await startWeb()
    await record(web, 30)
    const last = web.journal.last()
    for (const [begin, order] of [
      ['', range(1, last).toReversed()],
      ['&after=0', range(1, last)],
      [`&before=${last}`, range(1, last - 1).toReversed()],
    ] as const) {
      const found: number[] = []
      let next: string | null = begin
      for (let page = 0; next !== null; page++) {
        const { json } = await web.ask(`/api/v1/events?limit=7${page === 0 ? next : `&cursor=${next}`}`)
        found.push(...json.items.map(({ seq }: Event) => seq))
        next = json.next
      }
      expect(found).toEqual(order)
    }
  })

  it('is filtered by everything that an event says', async () => {
    const web = await startWeb()
    const { deployment } = await push(web)
    const before = new Date().toISOString()
    await record(web, 2, 'Ünusual <reason>')
    const last = web.journal.last()
    const made = [last, last - 1]
    for (const query of [
      'kind=hold.placed',
      'actor=user:ines',
      'search=%C3%BCnusual%20%3Creason',
      `since=${before}&kind=hold.placed`,
    ]) {
      expect(await seqs(web, query), query).toEqual(made)
    }
    const { events } = await web.journal.read({ after: 0, limit: 1 })
    const first = Date.parse(events[0]!.time)
    expect(await seqs(web, `until=${new Date(first).toISOString()}`)).toContain(1)
    expect(await seqs(web, `until=${new Date(first - 1).toISOString()}`)).toEqual([])
    expect(await seqs(web, 'since=1h')).toContain(1)
    expect(await seqs(web, 'until=1h')).toEqual([])
    expect(await seqs(web, 'service=other')).toEqual([])
    expect(await seqs(web, 'host=test&service=hello')).toContain(last)
    const { json } = await web.ask(`/api/v1/events?deployment=${deployment}&after=0`)
    expect(json.items[0]).toMatchObject({ kind: 'deployment.queued', deployment })
  })

  it('refuses a filter that means nothing, by its name', async () => {
    const web = await startWeb()
    for (const [query, path] of [
      ['since=yesterday', 'query.since'],
      ['limit=0', 'query.limit'],
      ['limit=1001', 'query.limit'],
      ['after=-1', 'query.after'],
      ['after=', 'query.after'],
      ['after=1&before=9', 'query'],
      ['cursor=sideways-3', 'query.cursor'],
      ['service=UPPER', 'query.service'],
      ['colour=red', 'query.colour'],
      ['kind=a&kind=b', 'query.kind'],
      ['__proto__=1', 'query.__proto__'],
    ] as const) {
      const { status, json } = await web.ask(`/api/v1/events?${query}`)
      expect([status, json.errors?.[0]?.path], query).toEqual([400, path])
    }
  })
})

describe('the stream of events', () => {
  it('tells what happens, and resumes where the client left', async () => {
    const web = await startWeb()
    const live = await web.open('/api/v1/events/stream')
    expect(live.headers['content-type']).toBe('text/event-stream; charset=utf-8')
    const from = web.journal.last()
    await record(web, 3)
    expect((await take(live, 3)).map(({ seq }) => seq)).toEqual(range(from + 1, from + 3))

    await record(web, 2)
    const headers = { 'last-event-id': String(from + 2) }
    const back = await web.open('/api/v1/events/stream?after=0', { headers })
    expect((await take(back, 3)).map(({ seq }) => seq)).toEqual(range(from + 3, from + 5))
  })

  it('begins at a seq or at a time, and lets the filter through only', async () => {
    const web = await startWeb()
    await record(web, 2)
    const all = await web.open('/api/v1/events/stream?after=0')
    expect((await take(all, 3)).map(({ seq }) => seq)).toEqual([1, 2, 3])
    const some = await web.open('/api/v1/events/stream?since=1h&kind=hold.placed')
    expect((await take(some, 2)).map(({ kind }) => kind)).toEqual(['hold.placed', 'hold.placed'])
  })

  it('refuses a place that the journal has not reached', async () => {
    const web = await startWeb()
    const ahead = await web.ask('/api/v1/events/stream?after=999')
    expect([ahead.status, ahead.json.code]).toEqual([400, 'WEB_SEQ_AHEAD'])
    const odd = await web.ask('/api/v1/events/stream', { headers: { 'last-event-id': 'x' } })
    expect(odd.json.errors[0].path).toBe('headers.last-event-id')
    expect((await web.ask('/api/v1/events/stream?limit=3')).status).toBe(400)
  })

  it('has no gap for a client that stops reading, and then reads on', async () => {
    const web = await startWeb()
    const from = web.journal.last()
    const stalled = await web.open(`/api/v1/events/stream?after=${from}`)
    stalled.pause()
    // More than the journal keeps at hand: the rest is read from the store once the client reads on.
    for (let round = 0; round < 6; round++) await record(web, 1_000, 'x'.repeat(2_000))
    const found = await take(stalled, 6_000)
    expect(found.map(({ seq }) => seq)).toEqual(range(from + 1, from + 6_000))
  })

  it('says now and then that it lives, and how far it looked', async () => {
    const life = new AbortController()
    let time = 0
    // Time that passes by being waited for.
    const clock: Clock = {
      ...systemClock,
      monotonic: () => time,
      sleep: async (milliseconds) => void (time += milliseconds),
    }
    const quiet = {
      journal: { follow: pending } as never,
      clock,
      from: 7,
      matches: () => true,
      signal: life.signal,
    }
    const stream = eventStream(quiet)
    expect((await stream.next()).value).toBe(': beat\nid: 7\n\n')
    expect(time).toBe(15_000)
    expect((await stream.next()).value).toBe(': beat\nid: 7\n\n')
    expect(time).toBe(30_000)
    life.abort()
    expect((await stream.next()).done).toBe(true)

    async function* pending(_after: number, signal: AbortSignal): AsyncGenerator<Event[]> {
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      yield []
    }
  })
})
