import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { push, startWeb, type Web } from './start.js'

const open: Socket[] = []

afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy()
})

/** A connection that has said this, and nothing else could come before it. */
async function knock({ port }: Web, say = ''): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  open.push(socket)
  await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve))
  socket.write(say)
  return socket
}

/** So many connections that say the same. In portions: the kernel's own queue would lose what comes all at once. */
async function crowd(web: Web, count: number, say = ''): Promise<Socket[]> {
  const sockets: Socket[] = []
  while (sockets.length < count)
    sockets.push(...(await Promise.all(Array.from({ length: 100 }, () => knock(web, say)))))
  return sockets
}

/** All that the server says until it closes the connection. */
async function answer(socket: Socket): Promise<string> {
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
  return text
}

const host = 'Host: localhost\r\n'
const last = 'Connection: close\r\n'

describe('what is slow, odd or too much', () => {
  it('ends headers and bodies that do not come, and connections that say nothing', async () => {
    const web = await startWeb()
    const silent = answer(await knock(web))
    const headers = await knock(web, `GET /livez HTTP/1.1\r\n${host}X-A: `)
    const body = await knock(
      web,
      `POST /api/v1/services/hello/stop HTTP/1.1\r\n${host}Content-Length: 100\r\n\r\n{`,
    )
    const chunked = `Transfer-Encoding: chunked\r\nContent-Type: application/json\r\nAuthorization: Bearer ${web.token}\r\n`
    const endless = await knock(web, `POST /api/v1/services/hello/stop HTTP/1.1\r\n${host}${chunked}\r\n`)
    const drips = [headers, body].map((socket) => setInterval(() => socket.write('a'), 200))
    const flood = setInterval(() => endless.write(`4000\r\n${'x'.repeat(0x4000)}\r\n`), 20)
    const answers = await Promise.all([headers, body, endless].map(answer))
    for (const timer of [...drips, flood]) clearInterval(timer)
    expect(answers[0]).toMatch(/^HTTP\/1.1 408 .*"code":"WEB_REQUEST_SLOW"/s)
    expect(answers[2]).toMatch(/^HTTP\/1.1 413 /)
    await silent
    expect((await web.ask('/livez', { over: 'loopback' })).status).toBe(200)
  })

  it('answers health beside ten thousand idle connections', async () => {
    const web = await startWeb()
    const idle = (await crowd(web, 10_000)).map((socket) => socket.resume())
    expect((await web.ask('/livez', { over: 'loopback' })).status).toBe(200)
    expect((await web.ask('/readyz')).status).toBe(200)
    expect(idle.filter((socket) => !socket.closed).length).toBeLessThanOrEqual(1_100)
    await expect.poll(() => idle.filter((socket) => !socket.closed).length, { timeout: 30_000 }).toBe(0)
  }, 120_000)

  it('ends a connection whose requests pile up behind a stream', async () => {
    let asked = 0
    const counting = {
      name: 'counting',
      setup: ({ routes }: any) =>
        routes.add({ method: 'GET', path: '/count', summary: '', right: 'none' }, async () => ({
          asked: ++asked,
        })),
    }
    const web = await startWeb({ plugins: [counting] })
    const piling = await knock(web, `GET /api/v1/events/stream HTTP/1.1\r\n${host}\r\n`)
    await once(piling, 'data')
    piling.write(`GET /api/v1/count HTTP/1.1\r\n${host}\r\n`.repeat(5_000))
    await answer(piling)
    expect(asked).toBeLessThanOrEqual(16)
    expect((await web.ask('/livez')).status).toBe(200)
  })

  it('serves requests that are sent one after the other without waiting', async () => {
    const web = await startWeb()
    const socket = await knock(
      web,
      `${`GET /livez HTTP/1.1\r\n${host}\r\n`.repeat(9)}GET /livez HTTP/1.1\r\n${host}${last}\r\n`,
    )
    const text = await answer(socket)
    expect(text.match(/HTTP\/1.1 200 OK/g)).toHaveLength(10)
  })

  it.each([
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['no host', `GET /livez HTTP/1.1\r\n${last}\r\n`, 421],
    ['an older HTTP without a host', 'GET /livez HTTP/1.0\r\n\r\n', 421],
    ['headers of 20 KB', `GET /livez HTTP/1.1\r\n${host}X: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['two lengths', `POST /livez HTTP/1.1\r\n${host}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`, 400],
    [
      'a length and chunks',
      `POST /livez HTTP/1.1\r\n${host}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
      400,
    ],
    [
      'another site as its target',
      `GET http://evil.example/livez HTTP/1.1\r\nHost: evil.example\r\n${last}\r\n`,
      421,
    ],
    ['an expectation', `GET /livez HTTP/1.1\r\n${host}Expect: tea\r\nConnection: close\r\n\r\n`, 200],
    [
      'an upgrade',
      `GET /livez HTTP/1.1\r\n${host}Upgrade: websocket\r\nConnection: upgrade, close\r\n\r\n`,
      200,
    ],
  ])('answers a request with %s', async (_, request, status) => {
    const web = await startWeb()
    const text = await answer(await knock(web, request))
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(text).toMatch(/^X-Content-Type-Options: nosniff\r$/m)
    if (status >= 400) expect(text).toContain('application/problem+json')
  })

  it('says why to a sender who is still sending', async () => {
    const web = await startWeb()
    await push(web)
    const { status } = await web.ask('/api/v1/services/hello/stop', {
      over: 'loopback',
      method: 'POST',
      body: { why: 'x'.repeat(900_000) },
      headers: { authorization: `Bearer ${web.token}` },
    })
    expect(status).toBe(413)
  })
})

describe('clients that wait, nobody or some account', () => {
  const get = (path: string) => `GET ${path} HTTP/1.1\r\n${host}Authorization: Bearer crowd\r\n\r\n`
  const crowded = { headers: { authorization: 'Bearer crowd' } }
  const letCrowdIn = ({ gate }: Web) => gate.holders.set('crowd', { name: 'crowd', rights: 'all' })
  const over = 'loopback' as const
  it('are not waited with for a deployment that was never asked for', async () => {
    const web = await startWeb()
    letCrowdIn(web)
    const output = '/api/v1/deployments/0000000000000000/output?follow=1'
    await crowd(web, 1_100, get(output))
    // More than once: the last ones of the crowd may not have been read yet.
    for (let look = 0; look < 10; look++)
      for (const path of ['/livez', '/readyz']) expect((await web.ask(path, { over })).status).toBe(200)
    expect((await web.ask(output, { over })).json.code).toBe('DEPLOYMENT_UNKNOWN')
  })

  it('keep neither probes nor others out by answers that take long', async () => {
    const hang = () => new Promise(() => {})
    const stuck = {
      name: 'stuck',
      setup: ({ routes, doctor }: any) => {
        const response = z.any()
        routes.add({ method: 'GET', path: '/stuck', summary: '', right: 'none', response }, hang)
        doctor.add('disk', hang)
      },
    }
    const web = await startWeb({ plugins: [stuck] })
    await crowd(web, 1_100, get('/api/v1/stuck'))
    for (let look = 0; look < 10; look++) expect((await web.ask('/livez', { over })).status).toBe(200)
    const refused = await web.ask('/api/v1/stuck', { over, as: 'nobody' })
    expect([refused.status, refused.json.code]).toEqual([503, 'WEB_BUSY'])
    expect((await web.ask('/api/v1/services', { over })).status).toBe(200)
    expect((await web.ask('/api/v1/services')).status).toBe(200)
    // Its look waits as long as it may, whoever else knocks meanwhile.
    const ready = web.ask('/readyz', { over })
    await crowd(web, 500, get('/api/v1/stuck'))
    expect((await ready).json.errors).toMatchObject([{ path: 'stuck/disk' }])
  })

  it('keep neither probes nor others out by streams', async () => {
    const web = await startWeb()
    letCrowdIn(web)
    const path = '/api/v1/events/stream'
    await crowd(web, 1_100, get(path))
    for (let look = 0; look < 10; look++)
      for (const probe of ['/livez', '/readyz']) expect((await web.ask(probe, { over })).status).toBe(200)
    const refused = await web.ask(path, { over, ...crowded })
    expect([refused.status, refused.json.code]).toEqual([503, 'WEB_STREAMS_FULL'])
    expect((await web.open(path, { over })).statusCode).toBe(200)
    // The other door has places of its own.
    expect((await web.open(path)).statusCode).toBe(200)
  })
  it('give their places back, also those behind an answer that they did not wait for', async () => {
    const web = await startWeb()
    letCrowdIn(web)
    for (let round = 0; round < 2; round++) {
      const path = '/api/v1/services'
      const sockets = await crowd(web, 100, get('/api/v1/events/stream') + get(path).repeat(15))
      await Promise.all(sockets.map((socket) => once(socket, 'data')))
      await expect.poll(async () => (await web.ask(path, { over, ...crowded })).status).toBe(503)
      for (const socket of sockets) socket.destroy()
      await expect.poll(async () => (await web.ask(path, { over, ...crowded })).status).toBe(200)
    }
  })
})
