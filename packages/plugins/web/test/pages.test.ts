import { mkdtemp, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { request, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { definePlugin, describeError } from '@longshore/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startWeb, type Ask, type Web } from './start.js'

const files = {
  'index.html': '<!doctype html><title>the page</title>',
  'favicon.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
  'assets/main-Ab12.js': `export default ${JSON.stringify('x'.repeat(3_000))}`,
}
/** A browser that goes to an address. */
const visit: Ask = { over: 'loopback', as: 'nobody', headers: { accept: 'text/html,*/*;q=0.8' } }

async function withPages(): Promise<Web> {
  const folder = await mkdtemp(join(tmpdir(), 'longshore-pages-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, 'site', name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
  }
  await writeFile(join(folder, 'secret'), 'a secret')
  await symlink(join(folder, 'secret'), join(folder, 'site', 'linked'))
  return startWeb({ plugins: [dashboard(join(folder, 'site'))] })
}

function dashboard(folder: string, name = 'dashboard') {
  return definePlugin({ name, setup: ({ sites }) => sites.add({ folder, page: 'index.html' }) })
}

describe('a dashboard', () => {
  it('is served to everybody, each file as what it is, and its page at every address that nothing else has', async () => {
    const web = await withPages()
    for (const path of ['/', '/services', '/services/hello.world', '/index.html', '/setup'])
      expect(await web.ask(path, visit), path).toMatchObject({ status: 200, text: files['index.html'] })
    const script = await web.ask('/assets/main-Ab12.js', { ...visit, headers: { accept: '*/*' } })
    expect(script).toMatchObject({ status: 200, text: files['assets/main-Ab12.js'] })
    expect(script.headers['content-type']).toMatch(/^text\/javascript/)
    expect((await web.ask('/favicon.svg', visit)).headers['content-type']).toBe('image/svg+xml')
  })

  it('is kept where it never changes, and asked for anew where it does; it is sent small', async () => {
    const web = await withPages()
    const cached = async (path: string) => (await web.ask(path, visit)).headers['cache-control']
    expect(await cached('/assets/main-Ab12.js')).toBe('public, max-age=31536000, immutable')
    expect([await cached('/'), await cached('/favicon.svg')]).toEqual(['no-store', 'no-store'])
    for (const [coding, undo] of [
      ['gzip', gunzipSync],
      ['br', brotliDecompressSync],
    ] as const)
      for (const time of [1, 2]) {
        const headers = { accept: '*/*', 'accept-encoding': coding }
        const answer = await web.open('/assets/main-Ab12.js', { ...visit, headers })
        expect(answer.headers, `${coding}, ${time}`).toMatchObject({
          'content-encoding': coding,
          vary: expect.stringContaining('Accept-Encoding'),
        })
        expect(undo(await bytesOf(answer)).toString()).toBe(files['assets/main-Ab12.js'])
      }
  })

  it('may run and load what comes from here, and nothing inline or from elsewhere', async () => {
    const web = await withPages()
    const { headers } = await web.ask('/', visit)
    const own = ['script', 'style', 'font', 'img', 'connect', 'manifest'].map((each) => `${each}-src 'self'`)
    const none = ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"]
    expect(String(headers['content-security-policy']).split(';').sort()).toEqual([...own, ...none].sort())
    expect(headers).toMatchObject({ 'x-frame-options': 'DENY', 'x-content-type-options': 'nosniff' })
  })

  it('hides nothing of the API: programs are told what they were told without it', async () => {
    const web = await withPages()
    for (const [path, given] of [
      ['/api/v1/nothing', visit],
      ['/socket.io/nothing', visit],
      ['/nothing', { ...visit, headers: { accept: '*/*' } }],
      ['/assets/gone.js', { ...visit, headers: { accept: '*/*' } }],
      ['/', { ...visit, method: 'POST' }],
    ] as [string, Ask][])
      expect((await web.ask(path, given)).json?.code, path).toMatch(/^WEB_(ROUTE|METHOD)_UNKNOWN$/)
    expect((await web.ask('/livez', visit)).json).toEqual({ ok: true })
    expect((await web.ask('/', { headers: { accept: 'text/html' } })).status, 'not for the command').toBe(404)
  })

  it.each([
    '/../secret',
    '/%2e%2e/secret',
    '/assets/..%2f..%2fsecret',
    '/assets/../../secret',
    '/linked',
    '/.//linked',
  ])('has nothing that lies elsewhere, whatever the path: %s', async (path) => {
    const web = await withPages()
    expect(await raw(web.port, path)).not.toContain('a secret')
  })

  it('is one, and has a page, or Longshore does not start', async () => {
    const fault = async (...plugins: ReturnType<typeof dashboard>[]) =>
      describeError(await startWeb({ plugins }).catch((error: unknown) => error)).code
    expect(await fault(dashboard('/nowhere'))).toBe('WEB_SITE_EMPTY')
    expect(await fault(dashboard('/nowhere'), dashboard('/nowhere', 'other'))).toBe('WEB_SITE_TWICE')
  })
})

async function bytesOf(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** With the path as it stands: a client that tidies it up would try something else. */
function raw(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', path, headers: { accept: '*/*' } }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (piece: string) => (text += piece))
      answer.on('end', () => resolve(text))
    })
    sent.on('error', reject).end()
  })
}
