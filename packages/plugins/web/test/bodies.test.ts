import { once } from 'node:events'
import { IncomingMessage } from 'node:http'
import { connect, Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { endCrumbs } from '../src/crumbs.js'
import { Gathered } from '../src/gathered.js'
import { closed } from './bare.js'
import { startWeb, type Web } from './start.js'

const open: Socket[] = []
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy()
})

/** A POST of which so much is sent; the connection stays open, and nothing more of it comes. */
async function post(
  { port, token }: Pick<Web, 'port' | 'token'>,
  headers: string[],
  sent: string,
  path = '/api/v1/services/hello/stop',
): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined)
  open.push(socket)
  await once(socket, 'connect')
  const all = [
    'Host: localhost',
    `Authorization: Bearer ${token}`,
    'Content-Type: application/json',
    ...headers,
  ]
  socket.write(`POST ${path} HTTP/1.1\r\n${all.join('\r\n')}\r\n\r\n${sent}`)
  return socket
}

/** The first answer, as soon as it is whole. */
async function answer(socket: Socket): Promise<string> {
  let text = ''
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += String(chunk)
    if (text.includes('"code"')) break
  }
  return text
}

/** What comes until it is closed: nothing, where it is not told that it is too large. */
async function rest(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (more: Buffer) => (text += String(more)))
  await closed(socket)
  return text
}

const announced = (bytes: number) => [`Content-Length: ${bytes}`]
const chunked = ['Transfer-Encoding: chunked']
const chunk = (bytes: number) => `${bytes.toString(16)}\r\n${'x'.repeat(bytes)}\r\n`
const refused = /^HTTP\/1\.1 413 .*"code":"WEB_BODY_TOO_LARGE"/s

describe('a body that is too large is refused while its sender still waits', () => {
  it.each([
    ['of 50 MB, of which nothing has come', announced(50 * 2 ** 20), ''],
    ['of 50 MB, of which a bit has come', announced(50 * 2 ** 20), '{"why":"'],
    ['of more bytes than a number holds', announced(2 ** 53), ''],
    ['one byte over the limit', announced(65_537), ''],
    ['in chunks without an end', chunked, chunk(16_384).repeat(5)],
    ['in tiny chunks without an end', chunked, chunk(16).repeat(4_097)],
    ['in one chunk that says to be of 50 MB', chunked, `3200000\r\n${'x'.repeat(70_000)}`],
  ])('%s', async (_, headers, sent) => {
    const web = await startWeb()
    expect(await answer(await post(web, headers, sent))).toMatch(refused)
    expect((await web.ask('/livez', { over: 'loopback' })).status).toBe(200)
  })

  it('and what comes of it all the same is thrown away, not taken for another request', async () => {
    const web = await startWeb()
    const smuggled = 'GET /api/v1/info HTTP/1.1\r\nHost: localhost\r\n\r\n'
    const socket = await post(web, announced(100_000), '')
    let text = ''
    socket.setEncoding('utf8').on('data', (more: string) => (text += more))
    await expect.poll(() => text).toMatch(refused)
    socket.write(smuggled.repeat(2_000).slice(0, 100_000))
    socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    if (!socket.closed) await once(socket, 'close')
    expect(
      text
        .match(/HTTP\/1\.1 \d+/g)!
        .slice(1)
        .join(),
    ).toMatch(/^(?:HTTP\/1\.1 200)?$/)
    expect(text).not.toContain('"plugins"')
  })

  it('and a hundred at once keep nobody out', async () => {
    const web = await startWeb()
    const sockets = await Promise.all(
      Array.from({ length: 100 }, () => post(web, chunked, chunk(16_384).repeat(4))),
    )
    for (const socket of sockets) socket.write(chunk(16_384))
    expect((await web.ask('/livez', { over: 'loopback' })).status).toBe(200)
    for (const socket of sockets) expect(await answer(socket)).toMatch(refused)
  })
})

it('a body of just the limit is read', async () => {
  const web = await startWeb()
  const body = `{"why":"${'x'.repeat(65_536 - 10)}"}`
  const socket = await post(web, announced(body.length), body)
  expect(body).toHaveLength(65_536)
  expect(await answer(socket)).toMatch(/^HTTP\/1\.1 400 .*"code":"WEB_INPUT_INVALID"/s)
})

describe('a body in crumbs, which are work however little they hold, ends its connection', () => {
  it('and the others are answered', async () => {
    const web = await startWeb()
    const socket = await post(web, chunked, chunk(1).repeat(70_000))
    expect(await rest(socket)).toBe('')
    expect((await web.ask('/livez', { over: 'loopback' })).status).toBe(200)
  })

  it('also behind a refusal', async () => {
    const web = await startWeb()
    const socket = await post(web, chunked, chunk(16_384).repeat(5))
    expect(await answer(socket)).toMatch(refused)
    socket.write(chunk(1).repeat(15_000))
    expect(await rest(socket)).toBe('')
  })

  it('also where nobody reads it', async () => {
    const web = await startWeb()
    const socket = await post(web, [...chunked, 'Content-Encoding: gzip'], '')
    expect(await answer(socket)).toMatch(/^HTTP\/1\.1 415 /)
    socket.write(chunk(1).repeat(15_000))
    expect(await rest(socket)).toBe('')
  })

  it.each([
    [1_000, 1, false],
    [1_001, 1, true],
    [1_001, 7, true],
    [1_001, 8, false],
    [8_192, 8, false],
    [65_536, 1, true],
  ])('%i pieces of %i bytes: %s', async (pieces, bytes, ends) => {
    const request = new IncomingMessage(new Socket())
    endCrumbs(request)
    for (let piece = 0; piece < pieces && !request.destroyed; piece++)
      request.emit('data', Buffer.alloc(bytes))
    expect(request.destroyed).toBe(ends)
  })

  it('but one of as many pieces that hold something is read', async () => {
    const web = await startWeb()
    const pieces = chunk(20).repeat(3_000)
    const socket = await post(web, chunked, `${pieces}0\r\n\r\n`)
    expect(await answer(socket)).toMatch(/^HTTP\/1\.1 400 .*"code":"WEB_BODY_MALFORMED"/s)
  })
})

it('pieces take no more than twice what they hold, and stay what they were', () => {
  expect(new Gathered().bytes).toHaveLength(0)
  for (const length of [1, 2, 7, 1_000, 1_025, 70_000]) {
    const all = new Gathered()
    const sent = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 251))
    for (let at = 0; at < sent.length; at += length) all.add(sent.subarray(at, at + length))
    expect(all.bytes.equals(sent), `of ${length}`).toBe(true)
    expect(all.bytes.buffer.byteLength).toBeLessThanOrEqual(2 * all.size + 1_024)
  }
})
