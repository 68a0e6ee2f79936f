import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { bare, closed, path, raw, upgrade } from './bare.js'
import { Live } from './live.js'
import { startWeb, type Web } from './start.js'

/** Everything still works for somebody who asks as one should. */
async function isWell(web: Web): Promise<void> {
  const live = await new Live(web).connected()
  await live.hello()
  expect(await live.watch({ topic: 'tides' })).toMatchObject({ problem: { code: 'WEB_TOPIC_UNKNOWN' } })
  live.socket.disconnect()
}

describe('pages of others, however their headers are written', () => {
  const origins = (port: number) => [
    'https://evil.example',
    'http://evil.example',
    `http://127.0.0.1:${port}.evil.example`,
    `http://127.0.0.1:${port}@evil.example`,
    `http://evil.example:${port}`,
    `http://sub.localhost:${port}`,
    `http://127.0.0.1:${port + 1}`,
    'http://127.0.0.1',
    'file://',
    'null',
    'NULL',
    '*',
    ' ',
    'chrome-extension://abcdef',
  ]
  const spellings = ['origin', 'Origin', 'ORIGIN', 'oRiGiN']

  it('are refused by both transports', async () => {
    const web = await startWeb()
    web.gate.holders.set('session', { name: 'ines', rights: 'all', cookie: true })
    let turn = 0
    for (const origin of origins(web.port)) {
      for (const [transport, headers] of [
        ['websocket', upgrade],
        ['polling', {}],
      ] as const) {
        const spelling = spellings[turn++ % spellings.length]!
        const cookie = turn % 2 === 0 ? { Cookie: 'fake=session' } : {}
        const { socket, text } = await raw(web, path(transport), {
          ...headers,
          ...cookie,
          [spelling]: origin,
        })
        expect(text, `${spelling}: ${origin} by ${transport}`).toMatch(/^HTTP\/1.1 403 /)
        expect(text).not.toContain('"sid"')
        socket.destroy()
      }
    }
    await isWell(web)
  })

  it('are refused at every request of a connection that polls', async () => {
    const web = await startWeb()
    const polled = await web.ask(path('polling'), { over: 'loopback' })
    const { sid } = JSON.parse(polled.text.slice(1)) as { sid: string }
    for (const method of ['GET', 'POST', 'OPTIONS', 'PUT', 'DELETE']) {
      const headers = { origin: 'https://evil.example', 'content-type': 'text/plain' }
      const body = method === 'POST' ? '40/live,' : undefined
      const answer = await web.ask(`${path('polling')}&sid=${sid}`, {
        method,
        over: 'loopback',
        headers,
        body,
      })
      expect([method, answer.status]).toEqual([method, 403])
    }
    const taken = await raw(web, `${path('websocket')}&sid=${sid}`, { ...upgrade, origin: 'null' })
    expect(taken.text).toMatch(/^HTTP\/1.1 403 /)
  })
})

it('a message in crumbs, posted by a client that polls, ends its connection', async () => {
  const web = await startWeb()
  const polled = await web.ask(path('polling'), { over: 'loopback' })
  const { sid } = JSON.parse(polled.text.slice(1)) as { sid: string }
  const polling = `${path('polling')}&sid=${sid}`
  const hello = { 'content-type': 'text/plain' }
  const joined = `40/live,${JSON.stringify({ token: web.token })}`
  await web.ask(polling, { method: 'POST', over: 'loopback', headers: hello, body: joined })
  const socket = connect(web.port, '127.0.0.1').on('error', () => undefined)
  const lines = [`POST ${polling} HTTP/1.1`, `Host: 127.0.0.1:${web.port}`]
  socket.write([...lines, 'Content-Type: text/plain', 'Transfer-Encoding: chunked', '', ''].join('\r\n'))
  const said: Buffer[] = []
  socket.on('data', (more: Buffer) => said.push(more))
  socket.write('1\r\nx\r\n'.repeat(70_000))
  await closed(socket)
  // Not for being too large, which it would be told.
  expect(Buffer.concat(said).toString()).toBe('')
  await isWell(web)
})

it('a message in crumbs, sent by a websocket, ends its connection', async () => {
  const web = await startWeb()
  const { socket, text } = await raw(web, path('websocket'), upgrade)
  expect(text).toMatch(/^HTTP\/1.1 101 /)
  socket.on('error', () => undefined)
  const said: Buffer[] = []
  socket.on('data', (more: Buffer) => said.push(more))
  // Text that begins, and goes on by one byte again and again.
  const piece = (opcode: number) => Buffer.from([opcode, 0x81, 0, 0, 0, 0, 0x34])
  socket.write(Buffer.concat([piece(1), ...Array.from({ length: 100 }, () => piece(0))]))
  await closed(socket)
  // 1008: it was refused, and did not merely take too long.
  expect(Buffer.concat(said).includes(Buffer.from([0x88, 2, 1008 >> 8, 1008 & 255]))).toBe(true)
  await isWell(web)
})

const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)

it('a session is taken of a page of ours only, also where nothing says which page it is', async () => {
  const web = await startWeb()
  web.gate.holders.set('session', { name: 'ines', rights: 'all', cookie: true })
  const ours = { origin: `http://127.0.0.1:${web.port}` }
  for (const [transport, headers] of [
    ['websocket', upgrade],
    ['polling', {}],
  ] as const) {
    const bare = { ...headers, cookie: 'fake=session' }
    const blind = await raw(web, path(transport), bare)
    expect(blind.text).toMatch(/^HTTP\/1.1 403 .*"code":"WEB_CROSS_SITE"/s)
    const { text } = await raw(web, path(transport), { ...bare, ...ours })
    expect(text).toMatch(/^HTTP\/1.1 (101|200) /)
    const live = new Live(web, { auth: {}, transports: [transport], extraHeaders: { ...bare, ...ours } })
    await (await live.connected()).hello()
  }
})

describe('what a client sends that is no request', () => {
  const events = [
    'watch',
    'credit',
    'unwatch',
    'hello',
    'events',
    'frame',
    'disconnect',
    'connect',
    'constructor',
  ]
  const values = [
    'null',
    'true',
    '-1',
    '1e999',
    '""',
    `"${'x'.repeat(60_000)}"`,
    '"\\u0000\\ud800"',
    '[]',
    deep(1_000),
    '{}',
    '{"__proto__":{"topic":"logs"}}',
    '{"constructor":{"prototype":{"x":1}}}',
    '{"topic":{"toString":1}}',
    '{"topic":["logs"]}',
    '{"topic":"logs","service":{"length":3}}',
    '{"stream":"1","frames":1e308}',
    '{"stream":["1"],"frames":1}',
    '{"_placeholder":true,"num":0}',
    'not json',
    '{"topic":"logs"',
  ]

  it('is dropped or ends the connection, and harms nobody', async () => {
    const web = await startWeb()
    const other = await new Live(web).connected()
    await other.hello()
    for (const event of events) {
      for (const ack of ['', '7']) {
        const { socket, send } = await bare(web)
        for (const value of values) send(`42/live,${ack}["${event}",${value}]`)
        send('42/live,["watch"]')
        send('42/live,[]')
        send('42/live,{}')
        send('43/live,9[1]')
        socket.destroy()
      }
    }
    expect(other.socket.connected).toBe(true)
    expect(web.log.filter((line) => line.includes('"level":50'))).toEqual([])
    await isWell(web)
  }, 30_000)

  it.each([
    ['binary before it was announced', [Buffer.alloc(1_000)]],
    ['an attachment', ['451-/live,["watch",{"_placeholder":true,"num":0}]', Buffer.alloc(10)]],
    [
      'fewer attachments than announced',
      ['4510-/live,["credit",{"_placeholder":true,"num":9}]', '42/live,["watch",{}]'],
    ],
    [
      'more attachments than anybody takes',
      ['451000000-/live,["watch",{"_placeholder":true,"num":0}]', Buffer.alloc(1)],
    ],
    ['a number of attachments that is none', ['45-1-/live,["watch"]', '45x-/live,["watch"]']],
    ['packets that are no packets', ['4', '49', '42', '4nonsense', '9', '']],
  ])('%s harms nobody', async (_, sent) => {
    const web = await startWeb()
    const { send } = await bare(web)
    for (const each of sent) send(each)
    await isWell(web)
  })

  it.each([
    ['that come and go in one connection', ['40/live,{"token":"TOKEN"}', '41/live,']],
    ['that begin again and again', ['40/live,{"token":"TOKEN","since":0}']],
    ['that ask and ask', ['42/live,1["watch",{"topic":"logs","service":"hello"}]']],
    ['that grant and grant', ['42/live,["credit",{"stream":"1","frames":1000}]']],
    ['that ask for what is not there', ['40/admin,', '40/,', '40/live/x,']],
  ])(
    'clients %s by the thousand are cut off',
    async (_, sent) => {
      const web = await startWeb()
      const { socket, send } = await bare(web)
      for (let count = 0; count < 10_000; count++)
        send(sent[count % sent.length]!.replace('TOKEN', web.token))
      await closed(socket)
      await isWell(web)
    },
    30_000,
  )
})
