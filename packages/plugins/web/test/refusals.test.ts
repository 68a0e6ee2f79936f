import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { push, repository, startWeb, type Ask } from './start.js'

const stop = '/api/v1/services/hello/stop'

describe('what is no request of the API', () => {
  it('is answered by a problem of the right status', async () => {
    const web = await startWeb()
    for (const [method, path, status, code] of [
      ['GET', '/', 404, 'WEB_ROUTE_UNKNOWN'],
      ['GET', '/api/v1/nothing', 404, 'WEB_ROUTE_UNKNOWN'],
      ['GET', '/API/V1/services', 404, 'WEB_ROUTE_UNKNOWN'],
      ['GET', '/api/v1/services/', 404, 'WEB_ROUTE_UNKNOWN'],
      ['GET', '/api/v1/../../livez', 404, 'WEB_ROUTE_UNKNOWN'],
      ['DELETE', '/api/v1/services', 405, 'WEB_METHOD_UNKNOWN'],
      ['GET', stop, 405, 'WEB_METHOD_UNKNOWN'],
      ['OPTIONS', '/api/v1/services', 405, 'WEB_METHOD_UNKNOWN'],
      ['TRACE', '/livez', 405, 'WEB_METHOD_UNKNOWN'],
      ['GET', '/api/v1/services/%ff', 400, 'WEB_REQUEST_MALFORMED'],
      ['GET', '/api/v1/services/a%2Fb', 400, 'WEB_INPUT_INVALID'],
      ['GET', `/api/v1/services/${'a'.repeat(500)}`, 400, 'WEB_INPUT_INVALID'],
    ] as const) {
      const answer = await web.ask(path, { method })
      expect([answer.status, answer.json.code], `${method} ${path}`).toEqual([status, code])
    }
    expect((await web.ask('/api/v1/services', { method: 'DELETE' })).headers.allow).toBe('GET, HEAD')
  })

  it('answers HEAD as GET without the body, streams too', async () => {
    const web = await startWeb()
    for (const path of ['/livez', '/api/v1/services', '/api/v1/events/stream']) {
      expect(await web.ask(path, { method: 'HEAD' })).toMatchObject({ status: 200, text: '' })
    }
  })

  it('does not let a header or a query say another method', async () => {
    const web = await startWeb()
    const headers = { 'x-http-method-override': 'DELETE', 'x-method-override': 'POST' }
    expect((await web.ask('/api/v1/services', { headers })).status).toBe(200)
    expect((await web.ask(`${stop}?_method=POST`, { headers })).status).toBe(405)
    expect((await web.ask(`${stop}?_method=GET`, { method: 'POST', body: { why: 'x' } })).status).toBe(400)
  })
})

describe('a body', () => {
  const nested = `${'['.repeat(1_000)}${']'.repeat(1_000)}`
  const many = JSON.stringify(
    Object.fromEntries(Array.from({ length: 4_000 }, (_, index) => [`k${index}`, 1])),
  )

  it.each([
    ['300 KB', JSON.stringify({ why: 'x'.repeat(300_000) }), 413, 'WEB_BODY_TOO_LARGE'],
    ['100,000 names', `{${'"a":1,'.repeat(100_000)}"b":1}`, 413, 'WEB_BODY_TOO_LARGE'],
    ['a depth of 1,000', `{"why":${nested}}`, 400, 'WEB_BODY_MALFORMED'],
    ['a depth of 30,000', `${'['.repeat(30_000)}${']'.repeat(30_000)}`, 400, 'WEB_BODY_MALFORMED'],
    ['4,000 names', many, 400, 'WEB_BODY_MALFORMED'],
    ['a name twice', '{"why":"a","why":"b"}', 400, 'WEB_BODY_MALFORMED'],
    ['a name twice, once in disguise', '{"why":"a","wh\\u0079":"b"}', 400, 'WEB_BODY_MALFORMED'],
    ['NaN', '{"why":NaN}', 400, 'WEB_BODY_MALFORMED'],
    ['half of it', '{"why":"a"', 400, 'WEB_BODY_MALFORMED'],
    ['a list', '[]', 400, 'WEB_INPUT_INVALID'],
    ['null', 'null', 400, 'WEB_INPUT_INVALID'],
    ['another type', '{"why":{"$gt":""}}', 400, 'WEB_INPUT_INVALID'],
    ['a name too many', '{"why":"a","host":"b"}', 400, 'WEB_INPUT_INVALID'],
    ['a prototype', '{"why":"a","__proto__":{"x":1}}', 400, 'WEB_INPUT_INVALID'],
    ['blanks for a reason', '{"why":"   "}', 400, 'WEB_INPUT_INVALID'],
  ])('with %s is refused', async (_, body, status, code) => {
    const web = await startWeb()
    await push(web)
    const answer = await web.ask(stop, { method: 'POST', body })
    expect([answer.status, answer.json.code]).toEqual([status, code])
    expect(web.flow.placements()[0]?.hold).toBeUndefined()
    expect((await web.ask('/livez')).status).toBe(200)
  })

  it('says that it is JSON, is not compressed, and is UTF-8', async () => {
    const web = await startWeb()
    const body = '{"why":"x"}'
    for (const headers of [
      { 'content-type': 'text/plain' },
      { 'content-type': 'application/x-www-form-urlencoded' },
      { 'content-type': 'application/json; charset=utf-16' },
      { 'content-type': 'text/plain; a=application/json' },
      { 'content-encoding': 'gzip' },
    ]) {
      const { status, json } = await web.ask(stop, {
        method: 'POST',
        body,
        headers: headers,
      })
      expect([status, json.code], JSON.stringify(headers)).toEqual([415, 'WEB_BODY_TYPE'])
    }
    const unwanted = await web.ask('/api/v1/services', { body })
    expect([unwanted.status, unwanted.json.code]).toEqual([400, 'WEB_BODY_UNWANTED'])
  })
})

describe('over TCP', () => {
  const over = 'loopback' as const

  it('nobody is answered who is not let in', async () => {
    const web = await startWeb()
    await push(web)
    for (const authorization of [
      undefined,
      '',
      'Bearer',
      'Bearer wrong',
      `Basic ${web.token}`,
      `Bearer ${web.token}x`,
    ]) {
      const shown = {
        over,
        as: 'nobody',
        headers: authorization === undefined ? {} : { authorization },
      } as const
      for (const [path, more] of [
        ['/api/v1/services', {}],
        [stop, { method: 'POST', body: { why: 'x' } }],
      ] as const) {
        const { status, json, headers } = await web.ask(path, { ...shown, ...more })
        expect([status, json.code], authorization).toEqual([401, 'FAKE_UNKNOWN'])
        expect(headers['www-authenticate']).toBe('Bearer')
      }
      expect((await web.ask('/livez', shown)).status).toBe(200)
    }
    expect((await web.ask(`/api/v1/services?token=${web.token}`, { over, as: 'nobody' })).status).toBe(401)
    expect((await web.ask(stop, { over, method: 'POST', body: { why: 'x' } })).status).toBe(202)
    expect(await web.seen(({ kind }) => kind === 'hold.placed')).toMatchObject({
      actor: { kind: 'token', name: 'admin' },
    })
  })

  it('who is known and may not is told so, and by a body that was never read', async () => {
    const web = await startWeb()
    await push(web)
    web.gate.holders.set('reader', { name: 'reader', rights: ['services:read'] })
    const headers = { authorization: 'Bearer reader' }
    expect((await web.ask('/api/v1/services/hello', { over, headers })).status).toBe(200)
    const refused = await web.ask(stop, { over, headers, method: 'POST', body: '{ no JSON' })
    expect([refused.status, refused.json.code]).toEqual([403, 'FAKE_FORBIDDEN'])
    expect(refused.headers['www-authenticate']).toBeUndefined()
    expect(web.flow.placements()[0]?.hold).toBeUndefined()
  })

  it('a stream ends when the rights of who opened it are taken away, and no other one does', async () => {
    const web = await startWeb()
    for (const name of ['one', 'other']) web.gate.holders.set(name, { name, rights: 'all' })
    const open = (name: string) =>
      web.open('/api/v1/events/stream', { over, headers: { authorization: `Bearer ${name}` } })
    const [one, other] = [await open('one'), await open('other')]
    let isOver = false
    other.resume().once('close', () => (isOver = true))
    web.gate.revoke('one')
    await once(one.resume(), 'end')
    expect(isOver).toBe(false)
    other.destroy()
  })

  it('a change is judged by the rights that are there when its body is', async () => {
    const web = await startWeb()
    await push(web)
    web.gate.holders.set('slow', { name: 'slow', rights: 'all' })
    const body = '{"why":"slowly"}'
    const socket = connect(web.port, '127.0.0.1')
    const head = `Host: localhost\r\nAuthorization: Bearer slow\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`
    socket.write(`POST ${stop} HTTP/1.1\r\n${head}\r\n\r\n${body.slice(0, 5)}`)
    await expect.poll(() => web.gate.decisions.some(({ caller }) => caller.id === 'slow')).toBe(true)
    web.gate.revoke('slow')
    socket.write(body.slice(5))
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(answer.toString()).toMatch(/^HTTP\/1.1 403 /)
    expect(web.flow.placements()[0]?.hold).toBeUndefined()
    socket.destroy()
  })

  it('a cookie counts for pages of ours only', async () => {
    const web = await startWeb()
    web.gate.holders.set('crumb', { name: 'ines', rights: 'all', cookie: true })
    const own = `http://127.0.0.1:${web.port}`
    const ask = (headers: Ask['headers']) => {
      const all = { host: own.slice(7), cookie: 'a=b; fake=crumb', ...headers }
      return web.ask(stop, { over, as: 'nobody', method: 'POST', body: { why: 'x' }, headers: all })
    }
    for (const headers of [
      {},
      { origin: 'null' },
      { origin: 'https://evil.example' },
      { 'sec-fetch-site': 'none' },
      { referer: own },
    ]) {
      const { status, json } = await ask(headers)
      expect([status, json.code], JSON.stringify(headers)).toEqual([403, 'WEB_CROSS_SITE'])
    }
    expect(web.flow.placements()[0]?.hold).toBeUndefined()
    expect((await ask({ origin: own })).status).toBe(202)
    expect((await ask({ 'sec-fetch-site': 'same-origin' })).status).toBe(202)
  })

  it('who is limited to some services sees and does nothing of the others', async () => {
    const services = {
      hello: { source: { url: repository }, run: { kind: 'fake' } },
      other: { source: { url: repository }, run: { kind: 'fake' } },
    }
    const web = await startWeb({ config: { services } })
    await push(web)
    web.gate.holders.set('some', { name: 'some', rights: 'all', services: ['other'] })
    const headers = { authorization: 'Bearer some' }
    const status = async (path: string, more: Ask = {}) =>
      (await web.ask(`/api/v1${path}`, { over, headers, ...more })).status
    expect(await status('/services/other')).toBe(200)
    expect(await status('/services/hello')).toBe(403)
    expect(await status('/services/hello/stop', { method: 'POST', body: { why: 'x' } })).toBe(403)
    const { json } = await web.ask('/api/v1/events?limit=1000', { over, headers })
    expect(new Set(json.items.map(({ service }: { service?: string }) => service))).toEqual(
      new Set(['other']),
    )
    for (const at of ['', `?at=${web.journal.last()}`, `?at=${web.journal.last() - 1}`]) {
      const read = async (path: string) => (await web.ask(`/api/v1${path}${at}`, { over, headers })).json
      expect((await read('/services')).items).toMatchObject([{ name: 'other' }])
      const overview = await read('/overview')
      expect([overview.services, Object.values(overview.states)]).toEqual([1, [1]])
      for (const { service } of overview.events) expect(service).toBe('other')
    }
    const { json: all } = await web.ask('/api/v1/services/hello/deployments')
    const { id } = all.items[0]
    for (const path of [`/deployments/${id}`, `/deployments/${id}/output`])
      expect(await status(path), path).toBe(404)
    expect(await status(`/deployments/${id}/cancel`, { method: 'POST' })).toBe(404)
  })

  it('answers under names of this machine only', async () => {
    const web = await startWeb()
    for (const host of ['localhost', `LOCALHOST:${web.port}`, '127.0.0.1:1', '127.9.9.9', '[::1]:7420']) {
      expect((await web.ask('/livez', { over, headers: { host } })).status, host).toBe(200)
    }
    for (const host of [
      'evil.example',
      `evil.example:${web.port}`,
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      'localhost@evil.example',
      'evil.example#localhost',
      '0.0.0.0',
      '[::ffff:127.0.0.1]',
      '10.0.0.1',
    ]) {
      const { status, json } = await web.ask('/livez', { over, headers: { host } })
      expect([status, json.code], host).toEqual([421, 'WEB_HOST_UNKNOWN'])
    }
  })

  it('does nothing for a page of another site', async () => {
    const web = await startWeb()
    const own = `http://127.0.0.1:${web.port}`
    const host = own.slice(7)
    const ask = (headers: Ask['headers'], method = 'GET') =>
      web.ask(method === 'GET' ? '/api/v1/services' : stop, {
        over,
        method,
        headers: { host, authorization: `Bearer ${web.token}`, ...headers },
        ...(method === 'POST' && { body: { why: 'x' } }),
      })
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: `http://localhost:${web.port}` },
      { origin: `https://${host}` },
      { origin: 'http://127.0.0.1:3000' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors' },
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    ]) {
      for (const method of ['GET', 'POST']) {
        const { status, json } = await ask(headers, method)
        expect([status, json.code], JSON.stringify(headers)).toEqual([403, 'WEB_CROSS_SITE'])
      }
    }
    expect((await ask({ origin: own, 'sec-fetch-site': 'same-origin' })).status).toBe(200)
    const link = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    }
    expect((await ask(link)).status).toBe(200)
  })
})
