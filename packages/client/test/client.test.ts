import { request } from 'node:http'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { definePlugin } from '@longshore/core'
import { coreRoutes, shape } from '@longshore/core/protocol'
import { ApiError, createClient, linesIn, textIn, UnreachableError, wentAway } from '../src/index.js'
import { createNodeClient } from '../src/node/index.js'
import { push, record, serve, start, startTwice, ways } from './start.js'

const failure = (work: Promise<unknown>) => work.then(() => undefined).catch((error: unknown) => error)

describe.each(ways)('by %s', (_, clientOf) => {
  it('asks and acts, typed by the shapes of routes', async () => {
    const running = await start()
    const client = clientOf(running)
    const deployment = await push(running)
    const { items } = await client.call(coreRoutes.services, { query: { limit: 10 } })
    expect(items.map(({ name }) => name)).toEqual(['hello'])
    const { seq } = await client.call(coreRoutes.stop, {
      params: { service: 'hello' },
      body: { why: 'a pause' },
    })
    expect(seq).toBeLessThanOrEqual(running.journal.last())
    const { placements } = await client.call(coreRoutes.service, { params: { service: 'hello' } })
    expect(placements[0]?.hold?.why).toBe('a pause')
    const output = await client.stream(coreRoutes.output, { params: { deployment } })
    expect(await textIn(output)).toContain('hello\nworld\n')
    const lines: string[] = []
    const headers = { accept: 'application/x-ndjson' }
    for await (const line of linesIn(
      await client.stream(coreRoutes.output, { params: { deployment } }, { headers }),
    ))
      lines.push((JSON.parse(line) as { text: string }).text)
    expect(lines).toContain('world')
  })

  it('tells what the API said no to', async () => {
    const running = await start()
    const client = clientOf(running)
    const error = await failure(client.call(coreRoutes.service, { params: { service: 'nobody' } }))
    expect(error).toBeInstanceOf(ApiError)
    expect(error).toMatchObject({
      code: 'SERVICE_UNKNOWN',
      status: 404,
      hint: expect.any(String),
      requestId: expect.stringMatching(/^\w{16}$/),
    })
    const invalid = await failure(client.call(coreRoutes.events, { query: { limit: 0 } }))
    expect(invalid).toMatchObject({ code: 'WEB_INPUT_INVALID', errors: [{ path: 'query.limit' }] })
  })

  it('follows events without gap, also over a restart', async () => {
    const { first, again: restart } = await startTwice()
    const client = clientOf(first)
    const life = new AbortController()
    const seqs: number[] = []
    const after = first.journal.last()
    const following = (async () => {
      for await (const { seq } of client.events({ kind: 'hold.placed' }, after, life.signal)) seqs.push(seq)
    })()
    await record(first, 3)
    await expect.poll(() => seqs.length).toBe(3)
    const again = await restart()
    await record(again, 3)
    await expect.poll(() => seqs.length, { timeout: 20_000 }).toBe(6)
    life.abort()
    await following
    expect(new Set(seqs).size).toBe(6)
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b))
  })

  it('ends with the signal, before and within an answer', async () => {
    const running = await start()
    const client = clientOf(running)
    const aborted = AbortSignal.abort(new Error('enough'))
    expect(await failure(client.call(coreRoutes.info, {}, { signal: aborted }))).toMatchObject({
      message: 'enough',
    })
    const life = new AbortController()
    const stream = await client.stream(
      coreRoutes.eventStream,
      { query: { after: 0 } },
      { signal: life.signal },
    )
    const reading = failure(textIn(stream))
    life.abort()
    expect(await reading).toBeInstanceOf(Error)
  })
})

describe('nobody answers as one should', () => {
  const nowhere = 'http://127.0.0.1:9'
  it.each([
    ['by fetch', createClient({ url: nowhere })],
    ['by Node', createNodeClient({ url: nowhere })],
    ['at a socket that is not there', createNodeClient({ socket: '/nowhere/longshore.sock' })],
  ])('%s: nobody is there', async (_, client) => {
    const error = await failure(client.call(coreRoutes.info))
    expect(error).toBeInstanceOf(UnreachableError)
    expect(error).toMatchObject({ code: 'API_UNREACHABLE', hint: expect.stringContaining('longshore serve') })
    expect((error as Error).message).toContain(client.place)
  })

  it('something else is there', async () => {
    const url = await serve((_request, response) => void response.end('<html>'))
    const wrong = await serve((_request, response) => void response.writeHead(502).end('<html>'))
    for (const make of [createClient, createNodeClient]) {
      expect(await failure(make({ url }).call(coreRoutes.info))).toMatchObject({
        code: 'ANSWER_UNKNOWN',
        status: 200,
      })
      expect(await failure(make({ url: wrong }).call(coreRoutes.info))).toMatchObject({
        code: 'ANSWER_UNKNOWN',
        status: 502,
      })
    }
  })

  it('it takes too long, before it answers or within the answer', async () => {
    const silent = await serve(() => undefined)
    const half = await serve((_request, response) => void response.writeHead(200).write('{"version":'))
    for (const url of [silent, half])
      for (const make of [createClient, createNodeClient])
        expect(await failure(make({ url }).call(coreRoutes.info, {}, { timeout: 100 }))).toMatchObject({
          code: 'API_SLOW',
        })
  })

  it('it goes away', () => {
    expect(wentAway('there')).toMatchObject({ code: 'API_WENT_AWAY' })
  })
})

it('asks once what has to be asked twice', async () => {
  const running = await start()
  await push(running)
  let lost = 0
  // What stands between does what is asked, and loses the first answers.
  const url = await serve((asked, response) => {
    const { method, url: path, headers } = asked
    const sent = request({ socketPath: running.socket, method, path, headers }, (answer) => {
      if (lost++ < 2) return void response.destroy()
      response.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(response)
    })
    asked.pipe(sent)
  })
  const asked = { params: { service: 'hello' }, body: { why: 'once' } }
  const { seq } = await createClient({ url }).callOnce(coreRoutes.stop, asked)
  expect(lost).toBe(3)
  const { events } = await running.journal.read({ kind: 'hold.placed', limit: 10 })
  expect(events).toHaveLength(1)
  expect(seq).toBeGreaterThanOrEqual(events[0]!.seq - 1)
})

it('asks the routes of a plugin that it does not know', async () => {
  const tides = shape({
    method: 'POST',
    path: '/tides/:harbour',
    summary: 'The tide',
    right: 'services:read',
    params: z.strictObject({ harbour: z.string() }),
    body: z.strictObject({ day: z.string() }),
    response: z.strictObject({ high: z.string() }),
  })
  const plugin = definePlugin({
    name: 'tides',
    setup: ({ routes }) =>
      routes.add(tides, async ({ params, body }) => ({ high: `${params.harbour} on ${body.day}` })),
  })
  const client = createClient(await start({ plugins: [plugin] }))
  const { high } = await client.call(tides, { params: { harbour: 'Cork Cobh/1' }, body: { day: 'Monday' } })
  expect(high).toBe('Cork Cobh/1 on Monday')
})
