import { createServer as createSecureServer } from 'node:https'
import type { IncomingHttpHeaders } from 'node:http'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Secret, type Secrets } from '@longshore/core'
import { needs } from '@longshore/core/testkit'
import { describe, expect, it } from 'vitest'
import { HttpCheck } from '../src/kinds.js'
import { addressJudge } from '../src/probes/addresses.js'
import { HttpProbe } from '../src/probes/http.js'
import { Resolver } from '../src/probes/resolver.js'
import { lateAfter, reasonOf, serveHttp, serveTcp, targetOf } from './hosts.js'

const secrets: Secrets = {
  open: ({ secret }) =>
    secret === 'fake:token'
      ? Promise.resolve(new Secret('s3cret'))
      : Promise.reject(new Error('no such secret')),
}
const now = () => performance.now()
const network = { resolver: new Resolver(now), judge: addressJudge([]), now }
const probe = new HttpProbe({ network, secrets, today: () => Date.now() })

type Given = Parameters<typeof HttpCheck.parse>[0]
const look = (check: Given, timeout = 2_000) =>
  probe.check(targetOf({ ...HttpCheck.parse(check), timeout }), lateAfter(timeout))
const at = (port: number, path = '/') => `http://127.0.0.1:${port}${path}`

describe('an HTTP check', () => {
  it('says what is answered, and in which time', async () => {
    const { port, connections } = await serveHttp((_, answer) => answer.end('fine'))
    expect(await look({ url: at(port) })).toMatchObject({
      state: 'healthy',
      say: expect.stringMatching(/^200 in \d+ ms$/) as string,
    })
    await expect.poll(connections).toBe(0)
  })

  it.each([
    [200, 200, true],
    [204, 200, false],
    [404, '400-499', true],
    [500, ['200-399', 500], true],
    [503, ['200-399', 500], false],
  ])('judges the status %s, when %j is expected: %s', async (status, wanted, well) => {
    const { port } = await serveHttp((_, answer) => answer.writeHead(status).end())
    const verdict = await look({ url: at(port), expect: { status: wanted } })
    expect(reasonOf(verdict)).toBe(well ? 'healthy' : `unhealthy: it answers ${status}`)
  })

  it('judges the text, an expression and a place in the JSON, and reflects nothing of them', async () => {
    const body = JSON.stringify({ status: 'up', db: [{ state: 'down', password: 'hidden' }], 'a.b': 1 })
    const { port } = await serveHttp((_, answer) => answer.end(body))
    const judged = async (expected: object) => reasonOf(await look({ url: at(port), expect: expected }))
    expect(await judged({ body: '"up"' })).toBe('healthy')
    expect(await judged({ body: 'UP' })).toMatch(/^unhealthy: it answers 200, without the text/)
    expect(await judged({ match: 'stat(us|e)":"(up|ok)"' })).toBe('healthy')
    expect(await judged({ match: '^down' })).toBe('unhealthy: it answers 200, and nothing in it matches')
    expect(await judged({ json: { path: 'status', equals: 'up' } })).toBe('healthy')
    expect(await judged({ json: { path: 'db[0].state', equals: 'up' } })).toBe(
      'unhealthy: it answers 200, and db[0].state is not "up"',
    )
    expect(await judged({ json: { path: 'db[0].password', equals: '' } })).not.toContain('hidden')
    for (const path of ['db[1].state', 'db.state', '__proto__', 'status.length'])
      expect(await judged({ json: { path, equals: null } })).toBe(
        `unhealthy: it answers 200, and ${path} is not there`,
      )
  })

  it('sends what it is told: method, headers, a secret one among them, and a body', async () => {
    let got: { method?: string; headers: IncomingHttpHeaders; body: string } | undefined
    const { port } = await serveHttp((request, answer) => {
      let body = ''
      request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
      request.on('end', () => {
        got = { method: request.method, headers: request.headers, body }
        answer.end()
      })
    })
    const headers = { Host: 'shop.example', Authorization: { secret: 'fake:token' } }
    expect(await look({ url: at(port), method: 'POST', headers, body: '{}' })).toMatchObject({
      state: 'healthy',
    })
    expect(got).toMatchObject({
      method: 'POST',
      body: '{}',
      headers: { host: 'shop.example', authorization: 's3cret', connection: 'close' },
    })
  })

  it('cannot look without its secret, which says nothing about the target', async () => {
    const { port } = await serveHttp((_, answer) => answer.end())
    const verdict = await look({ url: at(port), headers: { A: { secret: 'fake:other' } } })
    expect(reasonOf(verdict)).toBe('unknown: the secret of the header A cannot be had: no such secret')
  })

  it('uses no proxy of the environment', async () => {
    const { port } = await serveHttp((_, answer) => answer.end())
    process.env['http_proxy'] = process.env['HTTP_PROXY'] = 'http://127.0.0.1:9'
    try {
      expect(await look({ url: at(port) })).toMatchObject({ state: 'healthy' })
    } finally {
      delete process.env['http_proxy']
      delete process.env['HTTP_PROXY']
    }
  })
})

describe('a redirect', () => {
  it('is an unexpected status, unless so many are followed', async () => {
    const { port } = await serveHttp((request, answer) => {
      const [, left] = /^\/(\d)$/.exec(request.url!)!
      if (left === '0') answer.end('there')
      else answer.writeHead(302, { location: `/${Number(left) - 1}` }).end()
    })
    const judged = async (path: string, redirects?: number) =>
      reasonOf(await look({ url: at(port, path), redirects }))
    expect(await judged('/1')).toBe('unhealthy: it answers 302')
    expect(await judged('/2', 1)).toBe('unhealthy: it answers 302')
    expect(await judged('/2', 2)).toBe('healthy')
  })

  it('tells no other host what was meant for the first', async () => {
    const seen: IncomingHttpHeaders[] = []
    const other = await serveHttp((request, answer) => {
      seen.push(request.headers)
      answer.end()
    })
    const { port } = await serveHttp((_, answer) => answer.writeHead(307, { location: at(other.port) }).end())
    const headers = { 'X-Token': { secret: 'fake:token' } }
    expect(await look({ url: at(port), headers, redirects: 1 })).toMatchObject({ state: 'healthy' })
    expect(seen).toHaveLength(1)
    expect(seen[0]).not.toHaveProperty('x-token')
  })

  it.each(['file:///etc/passwd', 'gopher://127.0.0.1/', 'http://', 'javascript:alert(1)'])(
    'to %s is not followed',
    async (location) => {
      const { port } = await serveHttp((_, answer) => answer.writeHead(302, { location }).end())
      expect(reasonOf(await look({ url: at(port), redirects: 3 }))).toMatch(/no http or https address$/)
    },
  )
})

describe('a target that is no good', () => {
  it('hangs: before the connection speaks, in its headers, in its body', async () => {
    const silent = await serveTcp(() => undefined)
    const slow = await serveTcp((socket) => socket.write('HTTP/1.1 200 OK\r\nx-a: 1\r\n'))
    const endless = await serveHttp((_, answer) => answer.writeHead(200).write('some'))
    for (const { port, connections } of [silent, slow, endless]) {
      const began = performance.now()
      expect(reasonOf(await look({ url: at(port) }, 150))).toBe('unhealthy: no answer within 150 ms')
      expect(performance.now() - began).toBeLessThan(5_000)
      await expect.poll(connections).toBe(0)
    }
  })

  it('answers without end: a mebibyte of it is read', async () => {
    let sent = 0
    const { port, connections } = await serveHttp((_, answer) => {
      const more = () => {
        while (!answer.destroyed && answer.write(Buffer.alloc(65_536, 'x'))) sent += 65_536
      }
      answer.on('drain', more)
      more()
    })
    expect(await look({ url: at(port), expect: { body: 'xx' } })).toMatchObject({ state: 'healthy' })
    const verdict = await look({ url: at(port), expect: { body: 'y' } })
    expect(reasonOf(verdict)).toBe(
      'unhealthy: it answers 200, without the text that is expected in its first 1048576 bytes',
    )
    await expect.poll(connections).toBe(0)
    expect(sent).toBeLessThan(64 * 2 ** 20)
  })

  it('refuses, hangs up, or speaks something else', async () => {
    const gone = await serveTcp((socket) => socket.destroy())
    const other = await serveTcp((socket) => socket.end('SSH-2.0-OpenSSH\r\n'))
    expect(reasonOf(await look({ url: at(gone.port) }))).toMatch(/^unhealthy: the connection was closed/)
    expect(reasonOf(await look({ url: at(other.port) }))).toBe('unhealthy: what answers does not speak HTTP')
    expect(reasonOf(await look({ url: 'http://127.0.0.1:1/' }))).toBe(
      'unhealthy: the connection is refused (ECONNREFUSED)',
    )
    const plain = await serveHttp((_, answer) => answer.end())
    expect(reasonOf(await look({ url: `https://127.0.0.1:${plain.port}/` }))).toMatch(/^unhealthy: /)
  })

  it('is left at once when nobody wants to know any more', async () => {
    const { port, connections } = await serveTcp(() => undefined)
    const leave = new AbortController()
    const looking = probe.check(targetOf(HttpCheck.parse({ url: at(port) })), leave.signal)
    await expect.poll(connections).toBe(1)
    leave.abort(new Error('left'))
    await expect(looking).rejects.toThrow('left')
    await expect.poll(connections).toBe(0)
  })
})

describe('over TLS', needs('openssl'), () => {
  async function serve(days: number) {
    const folder = mkdtempSync(join(tmpdir(), 'longshore-health-'))
    const [key, cert] = [join(folder, 'key'), join(folder, 'cert')]
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
    const asked = [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      String(days),
      '-keyout',
      key,
      '-out',
      cert,
    ]
    execFileSync('openssl', [...asked, ...subject], { stdio: 'ignore' })
    const server = createSecureServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, answer) =>
      answer.end(),
    )
    rmSync(folder, { recursive: true })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return {
      url: `https://localhost:${(server.address() as AddressInfo).port}/`,
      close: () => server.close(),
    }
  }

  it('nobody is believed whom nobody known vouches for, unless the check says so', async () => {
    const { url, close } = await serve(30)
    expect(reasonOf(await look({ url }))).toMatch(/^unhealthy: its certificate is signed by itself alone/)
    expect(await look({ url, insecure: true, tlsExpiry: '14d' })).not.toHaveProperty('warning')
    close()
  })

  it('a certificate that ends soon is a warning', async () => {
    const { url, close } = await serve(10)
    expect(await look({ url, insecure: true, tlsExpiry: '14d' })).toMatchObject({
      state: 'healthy',
      warning: expect.stringMatching(/^its certificate ends on \d{4}-\d\d-\d\d, in (9|10) days$/) as string,
    })
    close()
  })
})
