import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { needs } from '@longshore/core/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { Limiter } from '../src/limiter.js'
import { HttpClient, writeRequest } from '../src/remote/http.js'
import { RawServer } from './raw-server.js'
import { eventually } from './rig.js'

const hello = 'HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 5\r\n\r\nhello'

/** A certificate that vouches for itself, for 127.0.0.1 alone. */
function selfSigned(): { key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'longshore-tls-'))
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')]
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1']
  const name = ['-subj', '/CN=test', '-addext', 'subjectAltName=IP:127.0.0.1']
  try {
    execFileSync('openssl', ['req', ...kind, ...name, '-keyout', key, '-out', cert], { stdio: 'ignore' })
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('exchanges over TLS', needs('openssl'), () => {
  let http: HttpClient
  let server: RawServer
  afterEach(async () => {
    http.close()
    await server.close()
  })
  const begin = async (trusted: boolean) => {
    const pair = selfSigned()
    server = await RawServer.start((socket) => socket.write(hello), pair)
    http = new HttpClient(new Limiter(8), trusted ? pair.cert : undefined)
  }
  const ask = async (host = '127.0.0.1', limit = 100) => {
    const url = new URL(`https://${host}:${server.port}/app`)
    let body = ''
    const take = (chunk: Buffer) => void (body += chunk.toString())
    const { signal } = new AbortController()
    await http.exchange({ url, request: writeRequest(url, {}), expect: 'a/b', limit, signal, take })
    return body
  }

  it('go one after another over one connection', async () => {
    await begin(true)
    for (let count = 0; count < 5; count++) expect(await ask()).toBe('hello')
    expect(server.connections).toBe(1)
  })

  it('are read whatever the pieces, up to more than one read holds', async () => {
    await begin(true)
    const body = 'x'.repeat(40_000)
    server.manners = (socket) => {
      const answer = hello.replace(
        'Content-Length: 5\r\n\r\nhello',
        `Content-Length: ${body.length}\r\n\r\n${body}`,
      )
      for (let at = 0; at < answer.length; at += 7_001) socket.write(answer.slice(at, at + 7_001))
    }
    expect(await ask('127.0.0.1', 50_000)).toBe(body)
  })

  it('take up the session of an earlier connection', async () => {
    await begin(true)
    await ask()
    for (const socket of server.sockets) socket.end()
    await eventually('the end of the connection', () => server.sockets.size === 0)
    await ask()
    expect([...server.sockets].map((socket) => (socket as TLSSocket).isSessionReused())).toEqual([true])
  })

  it.each([
    ['nobody vouches for', false, '127.0.0.1'],
    ['has another name', true, 'localhost'],
  ])('send nothing to a server that %s', async (_, trusted, host) => {
    await begin(trusted)
    await expect(ask(host)).rejects.toMatchObject({ code: 'GIT_TLS' })
    await eventually('the end of the connection', () => server.sockets.size === 0)
    expect(server.requests).toBe(0)
  })
})
