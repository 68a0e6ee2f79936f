import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StreamReply } from '@longshore/core'
import { startWeb } from './start.js'

let data: string

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'longshore-web-'))
})

afterEach(async () => {
  await rm(data, { recursive: true, force: true })
})

const listening = (listen: string) => ({ services: {}, web: { listen } })

describe('the address', () => {
  it.each([
    '0.0.0.0:0',
    '[::]:0',
    '[::ffff:127.0.0.1]:0',
    '[::ffff:10.0.0.1]:0',
    '10.255.255.1:0',
    '0:0',
    '192.0.2.1:0',
  ])('%s is refused, for others could reach it', async (listen) => {
    await expect(startWeb({ config: listening(listen) })).rejects.toMatchObject({
      code: 'WEB_LISTEN_PUBLIC',
      hint: expect.stringContaining('web.tls'),
    })
  })

  it.each(['localhost:0', '127.0.0.2:0', '127.1:0'])('%s is loopback', async (listen) => {
    expect((await (await startWeb({ config: listening(listen) })).ask('/livez')).status).toBe(200)
  })

  it.each([
    ['listen', '127.0.0.1'],
    ['listen', ':7420'],
    ['listen', '127.0.0.1:70000'],
    ['listen', '[localhost]:1'],
    ['url', 'ftp://ship.example'],
    ['url', 'http://ship.example/path'],
    ['trustProxy', ['everyone']],
    ['trustProxy', ['10.0.0.0/99']],
  ])('a config with %s %j is refused by its name', async (key, value) => {
    await expect(startWeb({ config: { web: { [key]: value } } })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(`web.${key}`),
    })
  })

  it('that another program has is refused with what to do, and nothing is left behind', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    await expect(startWeb({ data, config: listening(`127.0.0.1:${port}`) })).rejects.toMatchObject({
      code: 'WEB_PORT_IN_USE',
      hint: expect.stringContaining('web.listen'),
    })
    other.close()
    await expect(stat(join(data, 'longshore.sock'))).rejects.toThrow()
    expect(
      (await (await startWeb({ data, config: listening(`127.0.0.1:${port}`) })).ask('/livez')).status,
    ).toBe(200)
  })

  it('says who asks as a trusted proxy tells, and as nobody else does', async () => {
    for (const [trustProxy, from] of [
      [['127.0.0.1'], '203.0.113.9'],
      [[], '127.0.0.1'],
    ] as const) {
      const web = await startWeb({ config: { services: {}, web: { trustProxy } } })
      const headers = { 'x-forwarded-for': '203.0.113.9' }
      const { headers: answered } = await web.ask('/api/v1/services', {
        over: 'loopback',
        method: 'POST',
        headers,
      })
      await expect
        .poll(() =>
          web.log.some(
            (line) => line.includes(`${answered['x-request-id']}`) && line.includes(`"from":"${from}"`),
          ),
        )
        .toBe(true)
    }
  })
})

describe('the socket', () => {
  it('is for this account alone, and gone after the stop', async () => {
    const web = await startWeb({ data })
    expect((await stat(web.socket)).mode & 0o777).toBe(0o600)
    await web.kernel.stop()
    await expect(stat(web.socket)).rejects.toThrow()
  })

  it('of a killed run is replaced', async () => {
    const path = join(data, 'longshore.sock')
    const script = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`
    await once(spawn(process.execPath, ['-e', script, path]), 'exit')
    expect((await stat(path)).isSocket()).toBe(true)
    expect((await (await startWeb({ data })).ask('/livez')).status).toBe(200)
  })

  it('that answers is refused, and goes on answering', async () => {
    const first = await startWeb({ data })
    await expect(startWeb({ data })).rejects.toMatchObject({ code: 'WEB_SOCKET_TAKEN' })
    expect((await first.ask('/livez')).status).toBe(200)
  })

  it('is not made over a file, nor at a path that is too long', async () => {
    await writeFile(join(data, 'longshore.sock'), 'mine')
    await expect(startWeb({ data })).rejects.toMatchObject({ code: 'WEB_SOCKET_TAKEN' })
    expect(await readFile(join(data, 'longshore.sock'), 'utf8')).toBe('mine')
    await expect(startWeb({ data: join(data, 'x'.repeat(100)) })).rejects.toMatchObject({
      code: 'WEB_SOCKET_PATH',
    })
  })
})

describe('a stop', () => {
  it('ends streams whole, and lets an answer under way arrive', async () => {
    let release!: () => void
    const slow = {
      name: 'slow',
      setup: ({ routes }: any) =>
        routes.add({ method: 'GET', path: '/slow', summary: '', right: 'services:read' }, async () => {
          await new Promise<void>((resolve) => (release = resolve))
          return { slow: true }
        }),
    }
    const web = await startWeb({ plugins: [slow] })
    const stream = await web.open('/api/v1/events/stream')
    const ended = once(stream.resume(), 'end')
    const answer = web.ask('/api/v1/slow')
    await expect.poll(() => release).toBeDefined()
    const stopped = web.kernel.stop()
    await ended
    expect(stream.complete).toBe(true)
    release()
    expect((await answer).json).toEqual({ slow: true })
    await stopped
  })

  it('does not wait for what never ends', async () => {
    const deaf = {
      name: 'deaf',
      setup: ({ routes }: any) =>
        routes.add(
          { method: 'GET', path: '/deaf', summary: '', right: 'services:read' },
          () => new Promise(() => {}),
        ),
    }
    const web = await startWeb({ plugins: [deaf] })
    const answer = web.ask('/api/v1/deaf').catch((error: Error) => error)
    await web.kernel.stop()
    expect(await answer).toBeInstanceOf(Error)
  })
})

describe('a stream', () => {
  it('is asked for no more than its client reads, and ends when the client goes', async () => {
    let made = 0
    let ended = false
    async function* flood(signal: AbortSignal) {
      try {
        while (!signal.aborted) {
          made++
          yield 'x'.repeat(65_536)
        }
      } finally {
        ended = true
      }
    }
    const flooding = {
      name: 'flooding',
      setup: ({ routes }: any) =>
        routes.add(
          { method: 'GET', path: '/flood', summary: '', right: 'services:read' },
          async ({ signal }: any) => new StreamReply('text/plain', flood(signal as AbortSignal)),
        ),
    }
    const web = await startWeb({ plugins: [flooding] })
    const stream = await web.open('/api/v1/flood', { over: 'loopback' })
    stream.pause()
    let before = -1
    await expect.poll(() => before === (before = made), { interval: 500, timeout: 20_000 }).toBe(true)
    expect(made).toBeLessThan(400)
    stream.destroy()
    await expect.poll(() => ended).toBe(true)
  })
})
