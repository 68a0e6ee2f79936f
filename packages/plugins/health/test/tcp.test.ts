import { describe, expect, it } from 'vitest'
import { TcpCheck } from '../src/kinds.js'
import { addressJudge } from '../src/probes/addresses.js'
import { Resolver } from '../src/probes/resolver.js'
import { TcpProbe } from '../src/probes/tcp.js'
import { lateAfter, reasonOf, serveTcp, targetOf } from './hosts.js'

const now = () => performance.now()
const probe = new TcpProbe({ resolver: new Resolver(now), judge: addressJudge([]), now })
const look = (check: object, timeout = 2_000) =>
  probe.check(targetOf({ ...TcpCheck.parse({ host: 'localhost', ...check }), timeout }), lateAfter(timeout))

describe('a TCP check', () => {
  it('is well when the connection stands, and leaves it', async () => {
    const { port, connections } = await serveTcp(() => undefined)
    expect(await look({ port })).toMatchObject({
      state: 'healthy',
      say: expect.stringMatching(/^answers in \d+ ms$/) as string,
    })
    await expect.poll(connections).toBe(0)
    expect(reasonOf(await look({ port: 1 }))).toBe('unhealthy: the connection is refused (ECONNREFUSED)')
  })

  it('talks: what is sent arrives whole, and what is expected may come in pieces', async () => {
    let got = ''
    const { port } = await serveTcp((socket) => {
      socket.on('data', (data) => {
        got += String(data)
        if (!got.endsWith('PING\r\n')) return
        socket.write('+PO')
        setImmediate(() => socket.write('NG\r\n'))
      })
    })
    expect(await look({ port, send: 'PING\r\n', expect: '+PONG' })).toMatchObject({ state: 'healthy' })
    expect(got).toBe('PING\r\n')
    got = ''
    await look({ port, send: 'x'.repeat(1_000) })
    await expect.poll(() => got.length).toBe(1_000)
  })

  it('is ill when what is expected does not come: never, before the end, among too much', async () => {
    const silent = await serveTcp(() => undefined)
    const brief = await serveTcp((socket) => socket.end('+PO'))
    const chatty = await serveTcp((socket) => socket.write('x'.repeat(200_000)))
    const expected = { expect: '+PONG' }
    expect(reasonOf(await look({ port: silent.port, ...expected }, 100))).toBe(
      'unhealthy: no answer within 100 ms',
    )
    expect(reasonOf(await look({ port: brief.port, ...expected }))).toMatch(
      /^unhealthy: it closed the connection/,
    )
    expect(reasonOf(await look({ port: chatty.port, ...expected }))).toMatch(/not in the first 65536 bytes/)
    for (const { connections } of [silent, brief, chatty]) await expect.poll(connections).toBe(0)
  })
})
