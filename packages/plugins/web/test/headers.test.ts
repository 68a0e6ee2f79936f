import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { definePlugin, StreamReply } from '@longshore/core'
import { FakeGate } from '@longshore/core/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { startWeb, type Web } from './start.js'

/** On every answer, whatever it is, each once. */
const wanted = {
  'content-security-policy':
    "default-src 'none';style-src 'self';frame-ancestors 'none';base-uri 'none';form-action 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-dns-prefetch-control': 'off',
  'x-download-options': 'noopen',
  'x-frame-options': 'DENY',
  'x-permitted-cross-domain-policies': 'none',
  'x-xss-protection': '0',
  'cache-control': 'no-store',
  'x-request-id': expect.stringMatching(/^\w{16}$/),
}
/** On none: what tells of the server, and what lets other sites in. */
const unwanted = /^(?:server|x-powered-by|via|set-cookie|access-control-.*|strict-transport-security)$/

const open: Socket[] = []
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy()
})

/** A plugin whose routes answer as no route of the core does. */
const odd = definePlugin({
  name: 'odd',
  setup({ routes }) {
    const route = (path: string, answer: () => Promise<any>, response?: z.ZodType) =>
      routes.add(
        { method: 'GET', path, summary: 'x', right: 'services:read', ...(response && { response }) },
        answer,
      )
    route('/broken', () => Promise.reject(new Error('broken')))
    route('/html', async () => new StreamReply('text/html', pieces('<script>alert(1)</script>')))
    route('/torn', async () => new StreamReply('text/plain', torn()))
    route('/large', async () => ({ large: 'x'.repeat(5_000) }), z.any())
  },
})

async function* pieces(text: string): AsyncGenerator<string> {
  yield text
}

async function* torn(): AsyncGenerator<string> {
  yield 'half'
  throw new Error('torn')
}

type Headers = Record<string, string>
interface Case {
  name: string
  status: number
  /** What is sent, after the tag of the list of services is known. */
  send(web: Web, tag: string): string
}

/** A request, at the loopback door unless it names another host. */
function request(line: string, headers: Headers = {}, body = ''): string {
  const length: Headers = body === '' ? {} : { 'content-length': `${Buffer.byteLength(body)}` }
  const all = { host: 'localhost', connection: 'close', ...length, ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`)
  return [`${line} HTTP/1.1`, ...lines, '', body].join('\r\n')
}

const known = { authorization: `Bearer ${new FakeGate().admin}` }
const get = (path: string, headers: Headers = {}) => request(`GET ${path}`, { ...known, ...headers })
const upgrade = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
}
const live = (transport: string) => `/socket.io/?EIO=4&transport=${transport}`
const evil = { origin: 'https://evil.example' }
const stop = 'POST /api/v1/services/hello/stop'
const json = (web: Web) => ({
  authorization: `Bearer ${web.token}`,
  'content-type': 'application/json',
})
const plain = (name: string, status: number, text: string): Case => ({ name, status, send: () => text })

const cases: Case[] = [
  plain('an answer', 200, get('/api/v1/services')),
  plain('a probe', 200, get('/livez')),
  plain('an answer to HEAD', 200, request('HEAD /api/v1/services', known)),
  plain('an answer that is made smaller', 200, get('/api/v1/large', { 'accept-encoding': 'br' })),
  plain('the page of the API', 200, get('/api/v1/docs')),
  plain('its style', 200, get('/api/v1/docs.css')),
  plain('a stream', 200, get('/api/v1/events/stream')),
  plain('a stream of HTML', 200, get('/api/v1/html')),
  plain('a stream that breaks', 200, get('/api/v1/torn')),
  plain('a handshake by polling', 200, get(live('polling'))),
  plain('an upgrade that is none of ours', 200, get('/livez', { ...upgrade, connection: 'upgrade, close' })),
  {
    name: 'what the client has',
    status: 304,
    send: (_, tag) => get('/api/v1/services', { 'if-none-match': tag }),
  },
  { name: 'what was accepted', status: 202, send: (web) => request(stop, json(web), '{"why":"x"}') },
  plain('a query that is none', 400, get('/api/v1/services?x=1')),
  plain('a path that cannot be decoded', 400, get('/api/v1/services/%ff')),
  { name: 'a body that is none', status: 400, send: (web) => request(stop, json(web), '{') },
  plain('a request without a token', 401, request(stop)),
  plain('a page of another site', 403, get('/api/v1/services', evil)),
  plain('a handshake of another site', 403, get(live('polling'), evil)),
  plain('a websocket of another site', 403, get(live('websocket'), { ...upgrade, ...evil })),
  plain(
    'a websocket with a wrong token',
    401,
    get(live('websocket'), { ...upgrade, authorization: 'Bearer x' }),
  ),
  plain('nothing', 404, get('/')),
  plain('a websocket to nowhere', 404, get('/shell', upgrade)),
  plain('a service that is unknown', 404, get('/api/v1/services/nobody')),
  plain('another method', 405, request('DELETE /api/v1/services')),
  plain('a preflight', 405, request('OPTIONS /api/v1/services', { ...evil, origin: 'http://localhost' })),
  {
    name: 'a body that is too large',
    status: 413,
    send: (web) => request(stop, json(web), JSON.stringify({ why: 'x'.repeat(100_000) })),
  },
  {
    name: 'a body of another type',
    status: 415,
    send: (web) => request(stop, { ...json(web), 'content-type': 'text/plain' }, 'x'),
  },
  plain('another name', 421, get('/livez', { host: 'evil.example' })),
  plain('a websocket under another name', 421, get(live('websocket'), { ...upgrade, host: 'evil.example' })),
  plain('a failure', 500, get('/api/v1/broken')),
  plain('no HTTP, by Node itself', 400, 'hello\r\n\r\n'),
  plain(
    'two lengths, by Node itself',
    400,
    request(stop, { 'Content-Length': '1', 'content-length': '2' }, 'ab'),
  ),
  plain('headers that do not end, by Node itself', 408, 'GET /livez HTTP/1.1\r\nHost: localhost\r\n'),
  plain('headers that are too large, by Node itself', 431, get('/livez', { x: 'x'.repeat(20_000) })),
]

describe('every answer bears the headers that keep a browser safe', () => {
  it.each(cases)('$status: $name', async ({ status, send }) => {
    const web = await startWeb({ plugins: [odd] })
    const { headers } = await web.ask('/api/v1/services', { over: 'loopback' })
    const [first, ...lines] = (await head(web, send(web, headers.etag!))).split('\r\n')
    expect(first).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    const pairs = lines.map((line) => {
      const [name, value] = line.split(/: (.*)/)
      return [name!.toLowerCase(), value!] as const
    })
    const names = pairs.map(([name]) => name)
    expect(Object.fromEntries(pairs)).toMatchObject(wanted)
    expect(names.filter((name) => name in wanted).sort()).toEqual(Object.keys(wanted).sort())
    expect(names.filter((name) => unwanted.test(name))).toEqual([])
  })
})

/** The head of the first answer. */
async function head({ port }: Web, send: string): Promise<string> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined)
  open.push(socket)
  await once(socket, 'connect')
  socket.write(send)
  let text = ''
  for await (const chunk of socket) {
    text += (chunk as Buffer).toString('latin1')
    if (text.includes('\r\n\r\n')) break
  }
  return text.split('\r\n\r\n')[0]!
}
