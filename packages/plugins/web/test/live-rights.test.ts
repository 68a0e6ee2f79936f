import { expect, it } from 'vitest'
import { type Right } from '@longshore/core/protocol'
import { definePlugin, Telemetry } from '@longshore/core'
import { FakeTelemetry } from '@longshore/core/testkit'
import { Live } from './live.js'
import { startWeb, type Web } from './start.js'

const services = Object.fromEntries(
  ['api', 'shop'].map((name) => [
    name,
    { source: { url: 'https://git.example/x.git' }, run: { kind: 'fake' } },
  ]),
)

/** A Longshore, and a token of somebody who has these rights. */
async function startFor(rights: Right[], limited?: string[]) {
  const telemetry = definePlugin({
    name: 'fake-telemetry',
    provides: [Telemetry],
    setup: ({ provide }) => provide(Telemetry, 'fake', new FakeTelemetry()),
  })
  const web = await startWeb({ plugins: [telemetry], config: { services } })
  const token = 'token-of-ines'
  /** Takes effect at once. */
  const change = (rights: Right[], services?: string[]) => {
    web.gate.holders.set(token, { name: 'ines', rights, services })
    web.gate.revoke('nobody')
  }
  change(rights, limited)
  return { web, place: { port: web.port, token }, change }
}

const reads: Right[] = ['services:read', 'events:read']

async function hold({ journal }: Web, service: string): Promise<void> {
  const actor = { kind: 'user', name: 'ines' } as const
  await journal.record({ kind: 'hold.placed', service, actor, why: 'made', data: {} })
}

it('ends what a client may not watch any more, and lets the rest go on', async () => {
  const { place, change } = await startFor(reads, ['api', 'shop'])
  const live = await new Live(place).connected()
  const stream = await live.stream({ topic: 'logs', service: 'api' })
  await live.stream({ topic: 'logs', service: 'shop' })
  change(reads, ['shop'])
  await expect
    .poll(() => live.ended)
    .toMatchObject([{ stream, problem: { code: 'FAKE_FORBIDDEN', status: 403 } }])
  expect(await live.watch({ topic: 'logs', service: 'api' })).toMatchObject({
    problem: { code: 'FAKE_FORBIDDEN' },
  })
  expect(live.socket.connected).toBe(true)
  await live.stream({ topic: 'logs', service: 'shop' })
})

it('ends a client that may nothing any more, and tells it why', async () => {
  const { web, place } = await startFor(reads)
  const live = await new Live(place).connected()
  await live.hello()
  const gone = new Promise((resolve) => live.socket.once('disconnect', resolve))
  web.gate.revoke(place.token)
  expect(await gone).toBe('io server disconnect')
  expect(live.ended).toMatchObject([{ problem: { status: 403 } }])
  expect(live.ended[0]).not.toHaveProperty('stream')
})

it('tells a client of some services nothing of the others, nor of what is about none', async () => {
  const { web, place } = await startFor(reads, ['api'])
  for (const since of [undefined, 0]) {
    const live = await new Live(place, { auth: { token: place.token, since } }).connected()
    const hello = await live.hello()
    if ('state' in hello) expect(hello.state).toMatchObject({ placement: { 'api@test': {} }, host: {} })
    for (const service of ['shop', 'api', 'shop', 'api']) await hold(web, service)
    await live.reached(web.journal.last())
    expect(new Set(live.events.map(({ service }) => service))).toEqual(new Set(['api']))
    expect(JSON.stringify([live.hellos, live.events])).not.toContain('shop')
  }
})

it('tells a client nothing of what it lost the right to see, from then on', async () => {
  const { web, place, change } = await startFor(reads)
  const live = await new Live(place).connected()
  await live.hello()
  await hold(web, 'shop')
  await live.reached(web.journal.last())
  change(reads, ['api'])
  await hold(web, 'shop')
  await hold(web, 'api')
  await live.reached(web.journal.last())
  expect(live.events.filter(({ kind }) => kind === 'hold.placed').map(({ service }) => service)).toEqual([
    'shop',
    'api',
  ])
})

it('lets 225 clients of one account in, and no more until one goes', async () => {
  const { place } = await startFor(reads)
  const extraHeaders = { authorization: `Bearer ${place.token}` }
  const quiet = { auth: { events: false }, extraHeaders }
  const clients: Live[] = []
  for (let count = 0; count < 225; count++) clients.push(await new Live(place, quiet).connected())
  const refused = await new Live(place, quiet).connected().catch((error: unknown) => error)
  expect(refused).toMatchObject({ data: { status: 503, code: 'WEB_CLIENTS_FULL' } })
  clients[0]!.socket.disconnect()
  const again = async () => new Live(place, quiet).connected().then(() => true)
  await expect.poll(() => again().catch(() => false)).toBe(true)
}, 30_000)
