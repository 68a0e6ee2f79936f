import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { Validator } from '@seriousme/openapi-schema-validator'
import { BusyError, definePlugin, UnavailableError, UnprovenError } from '@longshore/core'
import { RawBody, shape } from '@longshore/core/protocol'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { startWeb } from './start.js'

const room = 1_048_576
const took = shape({
  method: 'POST',
  path: '/raw',
  summary: 'Takes what comes',
  right: 'none',
  body: RawBody,
  raw: room,
  response: z.strictObject({ bytes: z.int(), text: z.string() }),
})

/** A route that is given bytes; `calls` counts how often. */
function rawPlugin(answer?: () => never) {
  const calls: number[] = []
  const plugin = definePlugin({
    name: 'raw',
    setup: ({ routes }) =>
      routes.add(took, async ({ body }) => {
        calls.push(body.length)
        answer?.()
        return { bytes: body.length, text: Buffer.from(body.subarray(0, 100)).toString('latin1') }
      }),
  })
  return { plugin, calls }
}

describe('a route that takes a body as it comes', () => {
  it('is given its exact bytes, whatever they call themselves', async () => {
    const { plugin } = rawPlugin()
    const { ask } = await startWeb({ plugins: [plugin] })
    for (const body of ['', '{"a":1, "a":2}', '{', 'payload=%7B%7D', `${'['.repeat(50_000)}`])
      for (const type of ['application/json', 'application/x-www-form-urlencoded', 'text/plain']) {
        const answer = await ask('/api/v1/raw', { method: 'POST', body, headers: { 'content-type': type } })
        expect(answer, `${type}: ${body.slice(0, 20)}`).toMatchObject({
          status: 200,
          json: { bytes: body.length, text: body.slice(0, 100) },
        })
      }
  })

  it('takes what has room, and refuses more before anybody looks at it', async () => {
    const { plugin, calls } = rawPlugin()
    const { ask } = await startWeb({ plugins: [plugin] })
    const post = (length: number) => ask('/api/v1/raw', { method: 'POST', body: 'x'.repeat(length) })
    expect((await post(room)).json).toMatchObject({ bytes: room })
    const answer = await post(room + 1)
    expect([answer.status, answer.json.code]).toEqual([413, 'WEB_BODY_TOO_LARGE'])
    expect(calls).toEqual([room])
  })

  it('does not wait for the end of one that has none', async () => {
    const { plugin, calls } = rawPlugin()
    const { port } = await startWeb({ plugins: [plugin] })
    const answer = await endless(port)
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    expect(calls).toEqual([])
  })

  it('keeps nobody out by bodies that do not end: the one that takes longest goes', async () => {
    const { plugin, calls } = rawPlugin()
    const { ask, port } = await startWeb({ plugins: [plugin] })
    // As many as there is room for, and more.
    const hanging = await Promise.all(Array.from({ length: 40 }, () => halfSent(port)))
    const answer = await ask('/api/v1/raw', { method: 'POST', body: 'x'.repeat(room) })
    expect(answer.json).toMatchObject({ bytes: room })
    expect(calls).toEqual([room])
    expect(await hanging[0]!.answer).toMatch(/^HTTP\/1\.1 429 /)
    for (const { end } of hanging) end()
  })

  it('tells the log nothing of a stranger who does not end one, and does not wait', async () => {
    const { plugin } = rawPlugin()
    const { port, log } = await startWeb({ plugins: [plugin] })
    const { end } = await halfSent(port)
    end()
    const told = () => log.map((line) => JSON.parse(line)).filter(({ path }) => path === '/api/v1/raw')
    await expect.poll(() => told().map(({ level }) => level)).toEqual(['debug'])
  })

  it('unpacks nothing', async () => {
    const { plugin, calls } = rawPlugin()
    const { ask } = await startWeb({ plugins: [plugin] })
    const bomb = gzipSync(Buffer.alloc(50_000_000)).toString('latin1')
    for (const encoding of ['gzip', 'br', 'deflate', 'zstd', 'gzip, gzip']) {
      const headers = { 'content-encoding': encoding }
      const answer = await ask('/api/v1/raw', { method: 'POST', body: bomb, headers })
      expect([answer.status, answer.json.code], encoding).toEqual([415, 'WEB_BODY_TYPE'])
    }
    expect(calls).toEqual([])
  })

  it('asks who sends it each time, also when the same came before under a key', async () => {
    const { plugin, calls } = rawPlugin()
    const { ask } = await startWeb({ plugins: [plugin] })
    const headers = { 'idempotency-key': 'one' }
    for (let each = 0; each < 2; each++) await ask('/api/v1/raw', { method: 'POST', body: 'x', headers })
    expect(calls).toHaveLength(2)
  })

  it('is described as what it is, in a document that is valid', async () => {
    const { plugin } = rawPlugin()
    const { ask } = await startWeb({ plugins: [plugin] })
    const { json } = await ask('/api/v1/openapi.json')
    expect(await new Validator().validate(json)).toMatchObject({ valid: true })
    const { requestBody, security } = json.paths['/api/v1/raw'].post
    expect(Object.keys(requestBody.content)).toEqual([
      'application/json',
      'application/x-www-form-urlencoded',
    ])
    expect(security).toBeUndefined()
    expect((await ask('/api/v1/docs')).text).toContain('/api/v1/raw')
  })
})

describe('an error of a plugin', () => {
  it.each([
    [401, undefined, () => new UnprovenError('RAW_UNPROVEN', 'who is that?')],
    [429, '10', () => new BusyError('RAW_BUSY', 'too much')],
  ])('is answered by %i', async (status, retryAfter, error) => {
    const { plugin } = rawPlugin(() => {
      throw error()
    })
    const { ask } = await startWeb({ plugins: [plugin] })
    const answer = await ask('/api/v1/raw', { method: 'POST', body: 'x' })
    expect([answer.status, answer.headers['retry-after']]).toEqual([status, retryAfter])
  })
})

it('that something is not to be had now is no line of the log where a stranger asked for it', async () => {
  const { plugin } = rawPlugin(() => {
    throw new UnavailableError('RAW_AWAY', 'it is away')
  })
  const { ask, log } = await startWeb({ plugins: [plugin] })
  const levels = () =>
    log
      .map((line) => JSON.parse(line))
      .flatMap(({ error, level }) => (error?.code === 'RAW_AWAY' ? [level] : []))
  expect((await ask('/api/v1/raw', { method: 'POST', over: 'loopback', as: 'nobody' })).status).toBe(503)
  expect(levels()).toEqual(['debug'])
  expect((await ask('/api/v1/raw', { method: 'POST' })).status).toBe(503)
  expect(levels()).toEqual(['debug', 'warn'])
})

/** Sends chunk after chunk for as long as somebody takes them; answers what came back first. */
function endless(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    const chunk = Buffer.from(`4000\r\n${'x'.repeat(0x4000)}\r\n`)
    const more = () => {
      while (!socket.destroyed && socket.write(chunk));
    }
    socket.write('POST /api/v1/raw HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n')
    socket.on('connect', more)
    socket.on('drain', more)
    socket.once('data', (data) => {
      resolve(data.toString('latin1'))
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

/** All of the largest body but its last byte, as soon as it is on its way. */
async function halfSent(port: number) {
  const socket = connect(port, '127.0.0.1')
  const answer = new Promise<string>((resolve) => {
    socket.once('data', (chunk: Buffer) => resolve(chunk.toString()))
    socket.once('error', () => resolve(''))
  })
  const head = ['POST /api/v1/raw HTTP/1.1', 'Host: 127.0.0.1', `Content-Length: ${room}`, '', ''].join(
    '\r\n',
  )
  await new Promise((resolve) => socket.write(head + 'x'.repeat(room - 1), resolve))
  return { answer, end: () => socket.destroy() }
}
