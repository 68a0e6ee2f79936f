import { join } from 'node:path'
import type { Event } from '@longshore/core/protocol'
import { rewindLaws, type TestKernel } from '@longshore/core/testkit'
import { describe, expect, it } from 'vitest'
import web from '../src/index.js'
import { ask, push, startWeb } from './start.js'

/** A problem as the error that it was. */
async function read({ data }: TestKernel, path: string): Promise<any> {
  const { json } = await ask({ socket: join(data, 'longshore.sock'), port: 0, token: '' }, `/api/v1${path}`)
  if (json.code !== undefined) throw Object.assign(new Error(json.detail), { code: json.code })
  return json
}

/** All that the three routes tell of the state. */
async function everything(kernel: TestKernel, at?: string): Promise<unknown> {
  const query = at === undefined ? '' : `?at=${at}`
  const overview = await read(kernel, `/overview${query}`)
  const services: unknown[] = []
  for (let cursor = ''; ;) {
    const { items, next } = await read(kernel, `/services?limit=2${query.replace('?', '&')}${cursor}`)
    services.push(...items)
    if (next === null) break
    cursor = `&cursor=${next}`
  }
  const names = services.map((service) => (service as { name: string }).name)
  const each = await Promise.all(names.map((name) => read(kernel, `/services/${name}${query}`)))
  return { overview, services, each }
}

/** Events that are no longer kept cannot be told. */
function left(answer: any, first: number): unknown {
  const events = answer.overview.events.filter(({ seq }: Event) => seq >= first)
  return { ...answer, overview: { ...answer.overview, events } }
}

describe('what the API answers of an earlier moment', () => {
  const config = { web: { listen: '127.0.0.1:0' } }
  for (const law of rewindLaws({ plugins: [web], config, answer: everything, left, facts: 60 }))
    it(law.name, law.run, 60_000)
})

describe('at', () => {
  it('is a seq, a time or a span, and refuses everything else', async () => {
    const web = await startWeb()
    await push(web)
    const seq = web.journal.last()
    const { time } = (await web.journal.read({ limit: 1 })).events[0]!
    await web.flow.request({
      kind: 'stop',
      service: 'hello',
      why: 'x',
      actor: { kind: 'local', name: 'ines' },
    })
    await web.seen(({ kind }) => kind === 'service.ended')
    const state = async (at: string) => (await web.ask(`/api/v1/services/hello?at=${at}`)).json.state
    expect(await state(String(seq))).toBe('healthy')
    expect(await state(time)).toBe('healthy')
    expect(await state('0s')).toBe('held')
    expect(await state(encodeURIComponent('2999-01-01T00:00:00Z'))).toBeUndefined()
    const refused = async (at: string) => {
      const { status, json } = await web.ask(`/api/v1/overview?at=${at}`)
      return [status, json.code]
    }
    expect(await refused('2999-01-01T00:00:00Z')).toEqual([400, 'REWIND_AHEAD'])
    expect(await refused('999999')).toEqual([400, 'REWIND_AHEAD'])
    expect(await refused('1h')).toEqual([404, 'REWIND_TOO_EARLY'])
    for (const at of ['', 'yesterday', '-1', '1.5', '1h%00', 'x'.repeat(41)])
      expect(await refused(at)).toEqual([400, 'WEB_INPUT_INVALID'])
  })

  it('before anything that is known is refused with since when it can be told', async () => {
    const web = await startWeb()
    const { hint } = (await web.ask('/api/v1/services?at=1970-01-01T00:00:00Z')).json
    const [, since] = /since (\S+), seq 0/.exec(hint)!
    expect((await web.ask(`/api/v1/services?at=${since}`)).json.items).toEqual([])
  })

  it('tells a service that was not declared then as one that there is not', async () => {
    const web = await startWeb()
    expect((await web.ask('/api/v1/services/hello?at=0')).json.code).toBe('SERVICE_UNKNOWN')
  })

  it('pages through one moment, however long it takes', async () => {
    const names = ['a', 'b', 'c', 'd']
    const service = { source: { url: 'https://git.example/a.git' }, run: { kind: 'fake' } }
    const web = await startWeb({
      config: { services: Object.fromEntries(names.map((name) => [name, service])) },
    })
    const query = '/api/v1/services?limit=2&at=0s'
    const first = (await web.ask(query)).json
    await web.flow.request({ kind: 'stop', service: 'd', why: 'x', actor: { kind: 'local', name: 'ines' } })
    const { items, next } = (await web.ask(`${query}&cursor=${first.next}`)).json
    expect([...first.items, ...items].map(({ name }) => name)).toEqual(names)
    expect(items[1].placements[0].hold).toBeUndefined()
    expect(next).toBeNull()
    expect((await web.ask(`${query}&cursor=${first.next}x`)).json.code).toBe('WEB_INPUT_INVALID')
  })
})

it('nobody takes all the places of those who look back', async () => {
  const web = await startWeb()
  await push(web)
  const { events } = web.storage
  let go = () => {}
  const held = new Promise<void>((resolve) => (go = resolve))
  web.storage.events = async (query) => held.then(() => events.call(web.storage, query))
  const at = web.journal.last() - 1
  const look = (over: 'socket' | 'loopback') => web.ask(`/api/v1/services?at=${at}`, { over })
  const refused: unknown[] = []
  const mine = Array.from({ length: 20 }, async () => {
    const { status, json } = await look('socket')
    if (status !== 200) refused.push(json.code)
    return status
  })
  await expect.poll(() => refused).toEqual(Array(16).fill('WEB_LOOKS_FULL'))
  const theirs = look('loopback')
  go()
  expect((await theirs).status).toBe(200)
  expect((await Promise.all(mine)).filter((status) => status === 200)).toHaveLength(4)
})
