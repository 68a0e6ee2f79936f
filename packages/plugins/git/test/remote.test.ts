import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '@longshore/core'
import { afterEach, describe, expect, it } from 'vitest'
import { Limiter } from '../src/limiter.js'
import { HttpClient } from '../src/remote/http.js'
import { HttpRefs } from '../src/remote/ls-refs.js'
import { PktLineReader, pktLine } from '../src/remote/pkt-line.js'

const { signal } = new AbortController()
const sha = 'a'.repeat(40)
const advertisement = `${pktLine('version 2\n')}${pktLine('ls-refs=unborn\n')}0000`

describe('packet lines', () => {
  it('are read whatever the pieces they come in', () => {
    const text = `${pktLine('one\n')}0001${pktLine('two')}${pktLine('größe\n')}0000`
    for (let size = 1; size < 12; size++) {
      const seen: string[] = []
      const reader = new PktLineReader(
        (line) => seen.push(line),
        (mark) => seen.push(`<${mark}>`),
      )
      const bytes = Buffer.from(text)
      for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size))
      expect(seen).toEqual(['one', '<delim>', 'two', 'größe', '<flush>'])
    }
  })

  it.each(['<html>', 'zzzz', '0003', 'fff9'])('%s is none', (text) => {
    const reader = new PktLineReader(() => undefined)
    expect(() => reader.push(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'GIT_ANSWER' }))
  })
})

describe('a server that misbehaves', () => {
  let server: Server
  const http = new HttpClient(new Limiter(8))
  afterEach(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  /** Looks at a server that answers the POST with this body, or as told. */
  async function look(body: string, type = 'application/x-git-upload-pack-result') {
    server = createServer((request, response) => {
      const get = request.method === 'GET'
      response.setHeader('content-type', get ? 'application/x-git-upload-pack-advertisement' : type)
      request.resume().on('end', () => response.end(get ? advertisement : body))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const refs = new HttpRefs(
      http,
      systemClock,
      `http://127.0.0.1:${(server.address() as AddressInfo).port}/app.git`,
    )
    return refs.look(['refs/heads/main'], undefined, signal)
  }

  it('is read when it behaves', async () => {
    const heads = await look(
      `${pktLine(`${sha} refs/heads/main\n`)}${pktLine(`${sha} refs/heads/main2\n`)}0000`,
    )
    expect([...heads]).toEqual([['refs/heads/main', sha]])
  })

  const bad: [string, string, string?][] = [
    ['an answer that ends early', pktLine(`${sha} refs/heads/main\n`)],
    ['no packet lines', '<html>sign in</html>'],
    ['another content type', '0000', 'text/html'],
    ['a ref that is no commit', `${pktLine('unborn refs/heads/main\n')}0000`],
    ['an error line', `${pktLine('ERR go away\n')}0000`],
  ]
  it.each(bad)('%s is GIT_ANSWER', async (_, body, type) => {
    await expect(look(body, type)).rejects.toMatchObject({ code: 'GIT_ANSWER' })
  })

  it('an answer without end is cut off', async () => {
    const line = pktLine(`${sha} refs/heads/${'x'.repeat(60_000)}\n`)
    await expect(look(line.repeat(1200))).rejects.toMatchObject({ code: 'GIT_ANSWER' })
  })

  it('a connection that it closed between two looks is made anew', async () => {
    await look('0000')
    const refs = new HttpRefs(
      http,
      systemClock,
      `http://127.0.0.1:${(server.address() as AddressInfo).port}/app.git`,
    )
    for (let i = 0; i < 5; i++) {
      expect((await refs.look(['refs/heads/main'], undefined, signal)).size).toBe(0)
      server.closeIdleConnections()
    }
  })
})
