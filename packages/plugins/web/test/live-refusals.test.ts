import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { bare, closed, path, raw, upgrade } from './bare.js'
import { Live, overSocket } from './live.js'
import { startWeb } from './start.js'

describe('the handshake, by either transport', () => {
  const foreign = [
    ['a page of another site', { origin: 'https://evil.example' }, 403, 'WEB_CROSS_SITE'],
    ['a page without a site', { origin: 'null' }, 403, 'WEB_CROSS_SITE'],
    ['a sibling of ours', { origin: 'http://evil.127.0.0.1' }, 403, 'WEB_CROSS_SITE'],
    ['a page that a browser tells of', { 'sec-fetch-site': 'cross-site' }, 403, 'WEB_CROSS_SITE'],
    ['a name that leads here', { host: 'evil.example' }, 421, 'WEB_HOST_UNKNOWN'],
  ] as const
  it.each(foreign)('refuses %s', async (_, headers, status, code) => {
    const web = await startWeb()
    const polled = await web.ask(path('polling'), {
      over: 'loopback',
      headers: { host: `127.0.0.1:${web.port}`, ...headers },
    })
    expect([polled.status, polled.json.code]).toEqual([status, code])
    const { socket, text } = await raw(web, path('websocket'), { ...upgrade, ...headers })
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} .*"code":"${code}"`, 's'))
    expect(text).toMatch(/^X-Content-Type-Options: nosniff\r$/m)
    if (!socket.closed) await once(socket, 'close')
  })

  it('takes a page of ours, and a program', async () => {
    const web = await startWeb()
    const origin = `http://127.0.0.1:${web.port}`
    for (const headers of [{ origin }, { origin, cookie: 'other=1' }, {}]) {
      const { text } = await raw(web, path('websocket'), { ...upgrade, ...headers })
      expect(text).toMatch(/^HTTP\/1.1 101 /)
      const polled = await web.ask(path('polling'), { over: 'loopback', headers })
      expect(polled.status).toBe(200)
      expect(polled.text).toMatch(/^0\{"sid":/)
      expect(polled.headers['access-control-allow-origin']).toBeUndefined()
    }
  })

  it('refuses a later request of a connection that polls as it does the first', async () => {
    const web = await startWeb()
    const polled = await web.ask(path('polling'), { over: 'loopback' })
    const { sid } = JSON.parse(polled.text.slice(1)) as { sid: string }
    const origin = 'https://evil.example'
    const next = await web.ask(`${path('polling')}&sid=${sid}`, { over: 'loopback', headers: { origin } })
    expect(next.json.code).toBe('WEB_CROSS_SITE')
  })

  it('is under its own path only', async () => {
    const web = await startWeb()
    for (const target of [
      '/',
      '/socket.io',
      '/logs',
      '/live',
      '/SOCKET.IO/',
      '/x/socket.io/',
      '//socket.io/',
      '/socket.io/live/',
    ]) {
      const { text } = await raw(web, `${target}?EIO=4&transport=websocket`, upgrade)
      expect(text, target).toMatch(/^HTTP\/1.1 404 .*"code":"WEB_ROUTE_UNKNOWN"/s)
    }
  })

  it('is not needed for what asks for another protocol: it is answered as if it had not asked', async () => {
    const web = await startWeb()
    const http2 = {
      connection: 'Upgrade, HTTP2-Settings',
      upgrade: 'h2c',
      'http2-settings': 'AAMAAABkAAQAAP__',
    }
    const { socket, text } = await raw(web, '/livez', http2)
    expect(text).toMatch(/^HTTP\/1.1 200 .*\{"ok":true\}$/s)
    socket.write(`GET /livez HTTP/1.1\r\nHost: 127.0.0.1:${web.port}\r\n\r\n`)
    const [more] = (await once(socket, 'data')) as [Buffer]
    expect(more.toString()).toMatch(/^HTTP\/1.1 200 /)
    const body = '{"why":"a body that comes with it"}'
    const posted = connect(web.port, '127.0.0.1')
    onTestFinished(() => void posted.destroy())
    const head = {
      ...http2,
      'content-type': 'application/json',
      'content-length': `${body.length}`,
      authorization: `Bearer ${web.token}`,
    }
    const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`)
    posted.write(
      `POST /api/v1/services/hello/stop HTTP/1.1\r\nHost: localhost\r\n${lines.join('')}\r\n${body.slice(0, 9)}`,
    )
    posted.write(body.slice(9))
    const [answer] = (await once(posted, 'data')) as [Buffer]
    expect(answer.toString()).toMatch(/^HTTP\/1.1 202 /)
  })
})

describe('namespaces', () => {
  it.each([['/'], ['/logs'], ['/shell'], ['/live/x']])('%s has nothing', async (namespace) => {
    const live = new Live(await startWeb(), {}, namespace)
    await expect(live.connected()).rejects.toThrow(/namespace/)
    await expect(live.socket.timeout(200).emitWithAck('watch', { topic: 'logs' } as never)).rejects.toThrow()
  })

  it('/live wants a token, and never takes a wrong one', async () => {
    const web = await startWeb()
    for (const options of [
      { auth: {} },
      { auth: {}, query: { token: web.token } },
      { auth: { token: 'wrong' } },
      { auth: { token: { $ne: 1 } } },
      { auth: { token: '' } },
    ]) {
      const refused = await new Live(web, options).connected().catch((error: unknown) => error)
      expect(refused).toMatchObject({ data: { status: 401, code: 'FAKE_UNKNOWN' } })
    }
    await new Live(web, { auth: { token: web.token } }).connected()
    const extraHeaders = { authorization: `Bearer ${web.token}` }
    await new Live(web, { auth: {}, extraHeaders }).connected()
    await new Live(web, { ...overSocket(web), auth: {} }).connected()
  })
})

describe('clients that are hostile, or broken', () => {
  it('are not told what they send amiss, and others go on', async () => {
    const web = await startWeb()
    const live = await new Live(web).connected()
    const wild = live.socket as never as { emit(...args: unknown[]): void }
    for (const sent of [
      null,
      1,
      'x',
      [],
      {},
      { stream: '1' },
      { stream: {}, frames: 1 },
      { stream: '1', frames: 1e9 },
    ])
      for (const event of ['credit', 'unwatch', 'watch', 'hello', '__proto__']) wild.emit(event, sent)
    wild.emit('watch', { topic: 'output' }, 'no function')
    expect(await live.watch({ topic: 'tides' })).toMatchObject({ problem: { code: 'WEB_TOPIC_UNKNOWN' } })
    expect(live.frames).toEqual([])
  })

  it('are cut off by a message that is too large, by attachments, by a flood', async () => {
    const web = await startWeb()
    const large = await bare(web)
    large.send(`42/live,["watch","${'x'.repeat(2 ** 20)}"]`)
    await closed(large.socket)
    const attaching = await bare(web)
    attaching.send('451000000-/live,["watch",{"_placeholder":true,"num":0}]')
    await closed(attaching.socket)
    const flooding = await bare(web)
    for (let count = 0; count < 10_000; count++) flooding.send('42/live,["credit",{}]')
    await closed(flooding.socket)
    const broken = await bare(web)
    broken.send('4nonsense')
    await closed(broken.socket)
    await new Live(web).connected()
  })

  it('are cut off when they ask and never read the answers', async () => {
    const web = await startWeb()
    const { socket, send } = await bare(web)
    socket.pause()
    const long = 'x'.repeat(4_000)
    const asking = setInterval(() => {
      for (let id = 0; id < 90; id++) send(`42/live,${id}["watch",{"topic":"logs","${long}":1}]`)
    }, 100)
    await new Promise((resolve) => socket.once('close', resolve))
    clearInterval(asking)
  }, 60_000)

  it('are not kept when they never say what they want', async () => {
    const web = await startWeb()
    const { socket } = await raw(web, path('websocket'), upgrade)
    await closed(socket)
    // By polling, many at once: they are refused when there are too many.
    const answers: number[] = []
    for (let count = 0; count < 210; count++)
      // An empty session is none: it begins one.
      answers.push(
        (await web.ask(`${path('polling')}${count % 2 ? '&sid=' : ''}`, { over: 'loopback', as: 'nobody' }))
          .status,
      )
    expect(answers.filter((status) => status === 200).length).toBeLessThanOrEqual(200)
    expect(answers.at(-1)).toBe(503)
    expect((await web.ask('/livez', { over: 'loopback' })).status).toBe(200)
    expect((await web.ask(path('polling'), { over: 'loopback' })).status).toBe(200)
  }, 30_000)
})

it('a stop ends those who watch at once, also one that does not listen', async () => {
  const web = await startWeb()
  const live = await new Live(web).connected()
  const polling = await new Live(web, { transports: ['polling'] }).connected()
  const { socket } = await raw(web, path('websocket'), upgrade)
  socket.pause()
  const gone = [live, polling].map(
    (client) => new Promise((resolve) => void client.socket.once('disconnect', resolve)),
  )
  const before = performance.now()
  await web.kernel.stop()
  expect(performance.now() - before).toBeLessThan(5_000)
  await Promise.all(gone)
  expect(live.socket.connected).toBe(false)
})
