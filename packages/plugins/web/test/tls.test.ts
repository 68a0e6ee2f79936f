import { execFileSync } from 'node:child_process'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { needs } from '@longshore/core/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startWeb, type Web } from './start.js'

let folder: string

/** A certificate of its own, and its key. */
function make(name: string): { cert: string; key: string } {
  const files = { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) }
  const about = [
    '-subj',
    `/CN=${name}`,
    '-days',
    '2',
    '-addext',
    'subjectAltName=DNS:ship.example,IP:127.0.0.1',
  ]
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-keyout',
      files.key,
      '-out',
      files.cert,
      ...about,
    ],
    { stdio: 'ignore' },
  )
  return files
}

function ask({ port, token }: Web, path: string, headers = {}): Promise<{ status: number; name: string }> {
  return new Promise((resolve, reject) => {
    const all = { authorization: `Bearer ${token}`, host: 'ship.example', ...headers }
    const sent = request(
      { host: '127.0.0.1', port, path, rejectUnauthorized: false, agent: false, headers: all },
      (answer) => {
        const { CN } = (answer.socket as TLSSocket).getPeerCertificate().subject
        answer.resume().on('end', () => resolve({ status: answer.statusCode!, name: String(CN) }))
      },
    )
    sent.on('error', reject).end()
  })
}

const url = 'https://ship.example'
const over = (tls: object, web: object = {}) => ({ services: {}, web: { url, tls, ...web } })

describe('over TLS', needs('openssl'), () => {
  beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'longshore-tls-'))))
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('requests are answered, and what it listens with is taken up anew when it changes', async () => {
    const files = make('first')
    const web = await startWeb({ config: over(files) })
    expect(await ask(web, '/api/v1/services')).toEqual({ status: 200, name: 'first' })
    const next = make('second')
    // Half of a change is none: the key of another certificate.
    await rename(next.key, files.key)
    await expect
      .poll(() => web.log.some((line) => line.includes('is refused')), { timeout: 10_000 })
      .toBe(true)
    expect(await ask(web, '/livez')).toEqual({ status: 200, name: 'first' })
    await rename(next.cert, files.cert)
    await expect.poll(async () => (await ask(web, '/livez')).name, { timeout: 10_000 }).toBe('second')
  })

  it('who speaks plainly, or an older TLS, is not answered', async () => {
    const web = await startWeb({ config: over(make('strict')) })
    await expect(web.ask('/livez', { over: 'loopback' })).rejects.toThrow()
    const socket = connect({
      port: web.port,
      host: '127.0.0.1',
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1',
      rejectUnauthorized: false,
    })
    await expect(new Promise((_, reject) => socket.once('error', reject))).rejects.toThrow()
    expect((await ask(web, '/livez', { host: 'evil.example' })).status).toBe(421)
  })

  it('files that are no certificate and its key stop the start', async () => {
    const [one, other] = [make('one'), make('other')]
    for (const tls of [
      { cert: one.cert, key: other.key },
      { cert: one.key, key: one.key },
      { cert: join(folder, 'nowhere'), key: one.key },
    ])
      await expect(startWeb({ config: over(tls) })).rejects.toMatchObject({ code: 'WEB_TLS_FILES' })
  })
})

describe('an address that others reach', () => {
  const listen = '0.0.0.0:0'
  const proxied = { services: {}, web: { listen, url, trustProxy: ['127.0.0.2'] } }

  it.each([
    ['without an administrator', proxied, false, 'set-up link'],
    ['without TLS or a proxy', { services: {}, web: { listen, url } }, true, 'web.tls'],
    [
      'without the address that people type',
      { services: {}, web: { listen, trustProxy: ['127.0.0.2'] } },
      true,
      'web.url',
    ],
  ])('is refused %s', async (_, config, isGuarding, hint) => {
    await expect(startWeb({ config, isGuarding })).rejects.toMatchObject({
      code: 'WEB_LISTEN_PUBLIC',
      hint: expect.stringContaining(hint),
    })
  })

  it('answers only what nobody on the way could read', async () => {
    const web = await startWeb({ config: proxied })
    const host = 'ship.example'
    const ask = async (headers: Record<string, string>) => {
      const { status, json } = await web.ask('/api/v1/services', {
        over: 'loopback',
        headers: { host, ...headers },
      })
      return [status, json.code]
    }
    // Straight from this machine, under a name of it or the one of the config.
    expect(await ask({})).toEqual([200, undefined])
    // What says that it is a proxy and is none: its headers do not count.
    expect(await ask({ 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'http' })).toEqual([
      200,
      undefined,
    ])
  })
})

/** Some proxy: what it adds counts only where it is named. */
it('what a trusted proxy says of the way counts: who comes over plain HTTP is refused', async () => {
  const web = await startWeb({ config: { services: {}, web: { url, trustProxy: ['127.0.0.1'] } } })
  const ask = async (headers: Record<string, string>) => {
    const { status, json } = await web.ask('/api/v1/services', {
      over: 'loopback',
      headers: { host: 'ship.example', ...headers },
    })
    return [status, json.code]
  }
  const from = { 'x-forwarded-for': '203.0.113.9' }
  expect(await ask({ ...from, 'x-forwarded-proto': 'https' })).toEqual([200, undefined])
  for (const headers of [
    from,
    { ...from, 'x-forwarded-proto': 'http' },
    { ...from, 'x-forwarded-proto': 'http, https' },
  ])
    expect(await ask(headers), JSON.stringify(headers)).toEqual([403, 'WEB_PLAIN_REFUSED'])
})
