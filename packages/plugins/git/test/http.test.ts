import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Limiter } from '../src/limiter.js'
import { HttpClient, writeRequest } from '../src/remote/http.js'
import { RawServer, type Manners } from './raw-server.js'
import { eventually } from './rig.js'

const type = 'application/x-test'
const head = `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\n`
const hello = `${head}Content-Length: 5\r\n\r\nhello`
const never = new AbortController().signal

describe('exchanges over connections that are kept', () => {
  let http: HttpClient
  let server: RawServer
  beforeEach(async () => {
    http = new HttpClient(new Limiter(8))
    server = await RawServer.start((socket) => socket.write(hello))
  })
  afterEach(async () => {
    vi.useRealTimers()
    http.close()
    await server.close()
  })
  const ask = async (more: { limit?: number; signal?: AbortSignal; enough?: number } = {}) => {
    const url = new URL(`http://127.0.0.1:${server.port}/app`)
    let body = ''
    await http.exchange({
      url,
      request: writeRequest(url, {}),
      expect: type,
      limit: more.limit ?? 100,
      signal: more.signal ?? never,
      take: (chunk) => (body += chunk.toString()).length < (more.enough ?? Infinity),
    })
    return body
  }
  const code = (name: string) => expect.objectContaining({ code: name }) as Error

  it('go one after another over one', async () => {
    for (let count = 0; count < 5; count++) expect(await ask()).toBe('hello')
    expect(server.connections).toBe(1)
  })

  it('go over the one that was used last, when several are free', async () => {
    const by: number[] = []
    server.manners = (socket, connection) => by.push(connection) && socket.write(hello)
    await Promise.all([ask(), ask(), ask()])
    by.length = 0
    for (let count = 0; count < 4; count++) await ask()
    expect(new Set(by).size).toBe(1)
    expect(server.connections).toBe(3)
  })

  const once: [string, Manners][] = [
    [
      'that the server will close',
      (socket) => socket.write(hello.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')),
    ],
    [
      'that the server keeps for a second',
      (socket) => socket.write(hello.replace('\r\n\r\n', '\r\nKeep-Alive: timeout=1\r\n\r\n')),
    ],
    [
      'on which more came than the answer',
      (socket) => socket.write(`${hello}${hello.replace('hello', 'wrong')}`),
    ],
    ['of HTTP/1.0', (socket) => socket.write(hello.replace('1.1', '1.0'))],
    ['that ends with the answer', (socket) => socket.end(`${head}\r\nhello`)],
  ]
  it.each(once)('use none again %s', async (_, manners) => {
    server.manners = manners
    for (let count = 0; count < 3; count++) expect(await ask()).toBe('hello')
    expect(server.connections).toBe(3)
  })

  it('use none again on which something came that nobody asked for', async () => {
    await ask()
    for (const socket of server.sockets) socket.write(hello.replace('hello', 'wrong'))
    await eventually('the end of the connection', () => server.sockets.size === 0)
    expect(await ask()).toBe('hello')
    expect(server.connections).toBe(2)
  })

  it.each<[string, Manners]>([
    ['closed', (socket) => socket.end()],
    ['reset', (socket) => socket.resetAndDestroy()],
  ])('are tried again, once, where a kept one is %s as it is used', async (_, refuse) => {
    await ask()
    server.manners = (socket, connection) =>
      connection === 1 ? refuse(socket, connection) : socket.write(hello)
    expect(await ask()).toBe('hello')
    expect([server.connections, server.requests]).toEqual([2, 3])
    server.manners = refuse
    await expect(ask()).rejects.toEqual(code('GIT_UNREACHABLE'))
    expect([server.connections, server.requests]).toEqual([3, 5])
  })

  const broken: [string, string, string][] = [
    ['within its head', 'HTTP/1.1 200 OK\r\nContent-', 'GIT_UNREACHABLE'],
    ['before its length', `${head}Content-Length: 9\r\n\r\nhello`, 'GIT_UNREACHABLE'],
    ['before its last chunk', `${head}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`, 'GIT_UNREACHABLE'],
    ['of two lengths', hello.replace('\r\n\r\n', '\r\nContent-Length: 4\r\n\r\n'), 'GIT_ANSWER'],
    ['of another type', hello.replace(type, 'text/html'), 'GIT_ANSWER'],
    ['of another protocol', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n', 'GIT_UNREACHABLE'],
    ['with a wish for a password', 'HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n', 'GIT_AUTH'],
    [
      'from elsewhere',
      'HTTP/1.1 302 Found\r\nLocation: http://b.example/x\r\nContent-Length: 0\r\n\r\n',
      'GIT_REDIRECTED',
    ],
    ['that is too long', `${head}Content-Length: 200\r\n\r\n${'x'.repeat(200)}`, 'GIT_ANSWER'],
  ]
  it.each(broken)('end with a code and their connection at an answer %s', async (_, answer, name) => {
    server.manners = (socket) => (name === 'GIT_UNREACHABLE' ? socket.end(answer) : socket.write(answer))
    await ask().then(
      () => expect.unreachable(),
      (error: unknown) => expect(error).toEqual(code(name)),
    )
    await eventually('the end of the connection', () => server.sockets.size === 0)
    expect(server.requests).toBe(1)
  })

  it('end early, and their connection with them, when enough was taken', async () => {
    server.manners = (socket) => socket.write(`${head}Content-Length: 50\r\n\r\nhello`)
    expect(await ask({ enough: 5 })).toBe('hello')
    await eventually('the end of the connection', () => server.sockets.size === 0)
  })

  it('end with their signal, before and within the answer', async () => {
    const reason = new Error('enough')
    for (const part of ['', head, `${head}Content-Length: 9\r\n\r\nhello`]) {
      const ending = new AbortController()
      server.manners = (socket) => socket.write(part, () => ending.abort(reason))
      await expect(ask({ signal: ending.signal })).rejects.toBe(reason)
      await eventually('the end of the connection', () => server.sockets.size === 0)
    }
  })

  it('end at their deadline, however busy the server seems', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const asked = new Promise<void>((resolve) => {
      server.manners = (socket) => socket.write(`${head}Content-Length: 9\r\n\r\nhel`, () => resolve())
    })
    const answer = expect(ask()).rejects.toMatchObject({ code: 'GIT_UNREACHABLE', name: 'DeadlineError' })
    await asked
    vi.advanceTimersByTime(20_001)
    await answer
  })

  it('take longer than the server keeps an idle connection, if they must', async () => {
    server.manners = (socket) => socket.write(hello.replace('\r\n\r\n', '\r\nKeep-Alive: timeout=2\r\n\r\n'))
    await ask()
    server.manners = (socket) => void setTimeout(() => socket.write(hello), 1_200)
    expect(await ask()).toBe('hello')
    await eventually('the end of the idle connection', () => server.sockets.size === 0)
    expect(server.connections).toBe(1)
  })

  it('end when the client is closed', async () => {
    server.manners = () => http.close()
    await expect(ask()).rejects.toEqual(code('GIT_UNREACHABLE'))
  })

  it('send no line that a value smuggles in', () => {
    const url = new URL('http://127.0.0.1/a b?c=\r\nd')
    expect(writeRequest(url, {}).split('\r\n').length).toBe(6)
    expect(() => writeRequest(url, { authorization: 'a\r\nHost: b' })).toThrow(code('GIT_UNREACHABLE'))
  })
})
