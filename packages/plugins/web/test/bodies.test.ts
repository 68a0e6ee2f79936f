import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { startWeb, type Web } from './start.js'

const open: Socket[] = []
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy()
})

/** A POST of which so much is sent; the connection stays open, and nothing more of it comes. */
async function post({ port, token }: Web, headers: string[], sent: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined)
  open.push(socket)
  await once(socket, 'connect')
  const all = [
    'Host: localhost',
    `Authorization: Bearer ${token}`,
    'Content-Type: application/json',
    ...headers,
  ]
  socket.write(`POST /api/v1/services/hello/stop HTTP/1.1\r\n${all.join('\r\n')}\r\n\r\n${sent}`)
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
    ['in tiny chunks without an end', chunked, chunk(1).repeat(65_537)],
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
