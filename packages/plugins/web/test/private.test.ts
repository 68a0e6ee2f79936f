import { get, type IncomingMessage } from 'node:http'
import { definePlugin } from '@longshore/core'
import type { Right } from '@longshore/core/protocol'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { Live } from './live.js'
import { startWeb, type Web } from './start.js'

const services = Object.fromEntries(
  ['api', 'shop'].map((name) => [
    name,
    { source: { url: 'https://git.example/x.git' }, run: { kind: 'fake' } },
  ]),
)
const reads: Right[] = ['services:read', 'events:read']

/** A Longshore with a kind of event that takes a right of its own to be read, and one that does not. */
async function start() {
  const plugin = definePlugin({
    name: 'vault',
    protocol: {
      events: { 'vault.opened': z.object({}), 'vault.seen': z.object({}) },
      rights: { 'vault.opened': 'users:read' },
    },
    setup: () => undefined,
  })
  const web = await startWeb({ plugins: [plugin], config: { services } })
  const tokenOf = (name: string, rights: Right[], limit?: string[]) => {
    web.gate.holders.set(name, { name, rights, services: limit })
    return name
  }
  return { web, tokenOf }
}

/** Both kinds, about each service and about none. */
async function record({ journal }: Web): Promise<void> {
  const actor = { kind: 'user', name: 'ines' } as const
  const facts = ['vault.opened', 'vault.seen'].flatMap((kind) =>
    ['api', 'shop', undefined].map((service) => ({ kind, service, actor, data: {} })),
  )
  await journal.record(...facts)
  // What everybody here sees: who got this got what was before it.
  await journal.record({ kind: 'hold.placed', service: 'api', actor, why: 'made', data: {} })
}

const told = (events: { kind: string; service?: string | undefined }[]) =>
  events
    .filter(({ kind }) => kind.startsWith('vault'))
    .map(({ kind, service }) => `${kind} ${service ?? '-'}`)

const open = ['vault.seen api', 'vault.seen shop', 'vault.seen -']
const all = ['vault.opened api', 'vault.opened shop', 'vault.opened -', ...open]
const readers: [string, Right[], string[] | undefined, string[]][] = [
  ['who may read of all', reads, undefined, open],
  ['who has the right too', [...reads, 'users:read'], undefined, all],
  ['who may read of one service', reads, ['api'], ['vault.seen api']],
  [
    'who may read of one service, and has the right there',
    [...reads, 'users:read'],
    ['api'],
    ['vault.opened api', 'vault.seen api'],
  ],
]

it.each(readers)(
  '%s gets no more by a page, a stream, the overview or the socket',
  async (_, rights, limit, seen) => {
    const { web, tokenOf } = await start()
    const token = tokenOf('reader', rights, limit)
    const before = await new Live({ port: web.port, token }).connected()
    await before.hello()
    const from = web.journal.last()
    const headers = { authorization: `Bearer ${token}` }
    const stream = await following(web, `/api/v1/events/stream?after=${from}`, headers)
    await record(web)
    const read = async (path: string) => (await web.ask(path, { over: 'loopback', headers })).json
    expect(told((await read(`/api/v1/events?after=${from}`)).items)).toEqual(seen)
    expect(told((await read('/api/v1/overview')).events).reverse()).toEqual(seen)
    await before.reached(web.journal.last())
    expect(told(before.events)).toEqual(seen)
    // What was missed is told as what happens is.
    const after = await new Live({ port: web.port, token }, { auth: { token, since: from } }).connected()
    await after.hello()
    expect(told(after.events)).toEqual(seen)
    await expect.poll(() => told(stream.events())).toEqual(seen)
    stream.end()
  },
)

it('what takes a right is told to others as soon as they have it', async () => {
  const { web, tokenOf } = await start()
  const token = tokenOf('reader', reads)
  const live = await new Live({ port: web.port, token }).connected()
  await live.hello()
  await record(web)
  await live.reached(web.journal.last())
  tokenOf('reader', [...reads, 'users:read'])
  await record(web)
  await live.reached(web.journal.last())
  expect(told(live.events)).toEqual([...open, ...all])
})

/** A stream of events, and what it has told. */
async function following({ port }: Web, path: string, headers: Record<string, string>) {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, headers, agent: false }, resolve).on('error', reject)
  })
  let text = ''
  answer.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const events = () =>
    text
      .split('\n\n')
      .slice(0, -1)
      .flatMap((part) => /^data: (.*)$/m.exec(part)?.[1] ?? [])
      .map((json) => JSON.parse(json) as { kind: string; service?: string })
  return { events, end: () => answer.destroy() }
}
