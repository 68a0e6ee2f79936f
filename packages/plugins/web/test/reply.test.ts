import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { push, startWeb } from './start.js'

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

describe('a list that a client polls', () => {
  it('comes once, and again only when something has changed', async () => {
    const web = await startWeb()
    await push(web)
    const first = await web.ask('/api/v1/services')
    const etag = first.headers.etag!
    const again = await web.ask('/api/v1/services', { headers: { 'if-none-match': `"other", ${etag}` } })
    expect(again).toMatchObject({ status: 304, text: '' })
    expect(again.headers.etag).toBe(etag)
    await push(web, 'two')
    const changed = await web.ask('/api/v1/services', { headers: { 'if-none-match': etag } })
    expect(changed.status).toBe(200)
    expect(changed.headers.etag).not.toBe(etag)
  })

  it('is asked for in vain where it never comes: an action, a refusal, somebody who may not read', async () => {
    const { ask } = await startWeb()
    const unknown = await ask('/api/v1/services/nobody', { headers: { 'if-none-match': '*' } })
    expect(unknown.status).toBe(404)
    expect(unknown.headers.etag).toBeUndefined()
    const action = await ask('/api/v1/services/hello/stop', { method: 'POST', body: { why: 'rest' } })
    expect(action.headers.etag).toBeUndefined()
    const stranger = await ask('/api/v1/services', {
      over: 'loopback',
      headers: { 'if-none-match': '*', authorization: 'Bearer wrong' },
    })
    expect(stranger.status).toBe(401)
  })
})

describe('an answer that is long', () => {
  it.each([
    ['gzip', gunzipSync],
    ['br', brotliDecompressSync],
  ] as const)('comes as %s to who takes that', async (encoding, open) => {
    const web = await startWeb()
    const message = await web.open('/api/v1/openapi.json', { headers: { 'accept-encoding': encoding } })
    expect(message.headers).toMatchObject({ 'content-encoding': encoding, vary: 'Accept-Encoding' })
    const bytes = await bytesOf(message)
    const { text } = await web.ask('/api/v1/openapi.json')
    expect(open(bytes).toString()).toBe(text)
    expect(bytes.length).toBeLessThan(text.length / 4)
  })

  it('comes as it is to who takes no other', async () => {
    const web = await startWeb()
    const { headers } = await web.ask('/api/v1/openapi.json', { headers: { 'accept-encoding': 'identity' } })
    expect(headers['content-encoding']).toBeUndefined()
  })

  it('that goes on is never held back to be made smaller', async () => {
    const web = await startWeb()
    const message = await web.open('/api/v1/events/stream', { headers: { 'accept-encoding': 'gzip, br' } })
    expect(message.headers['content-encoding']).toBeUndefined()
    const first = new Promise<Buffer>((resolve) => message.once('data', resolve))
    await push(web)
    expect((await first).toString()).toContain('data: {')
    message.destroy()
  })
})
