import { Contributions, type Plugin, type RouteRequest } from '@longshore/core'
import type { Actor, Event } from '@longshore/core/protocol'
import {
  happened,
  HandClock,
  newWorld,
  routeRequest,
  settled,
  startTestKernel,
  verifyPlugin,
} from '@longshore/core/testkit'
import type { TestKernel, TestWorld } from '@longshore/core/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import freeze from '../src/index.js'
import { freezeRoutes, freezeSlice, type Freeze } from '../src/protocol.js'

describe('the plugin', () => {
  for (const { name, run } of verifyPlugin(freeze as Plugin)) it(name, run)
})

const hour = 3_600_000
const ines: Actor = { kind: 'user', name: 'ines' }
const urlOf = (name: string) => `https://git.example/team/${name}.git`

describe('a freeze', () => {
  let kernel: TestKernel
  let clock: HandClock
  let world: TestWorld
  beforeEach(() => {
    clock = new HandClock()
    world = newWorld()
  })
  afterEach(() => kernel.stop())

  const service = (name: string, tier: string) => {
    return { source: { url: urlOf(name) }, run: { kind: 'fake' }, labels: { tier } }
  }
  const services = { api: service('api', 'edge'), shop: service('shop', 'edge'), db: service('db', 'core') }
  async function start() {
    kernel = await startTestKernel({ ...world, clock, plugins: [freeze as Plugin], config: { services } })
  }
  const commit = (name: string, content: string) => world.git.commit(urlOf(name), 'main', { a: content })
  const of = (kind: string, sha: string) => kernel.seen(happened(kind, sha))
  const kept = (sha: string) => kernel.seen(settled(sha, 'kept'))

  async function ask(
    route: 'list' | 'place' | 'lift',
    given: { body?: object; params?: object; as?: Partial<RouteRequest> } = {},
  ) {
    const { shape, handler } = kernel.kernel
      .get(Contributions)
      .routes.find((each) => each.shape === freezeRoutes[route])!
    const body = shape.body?.parse(given.body) as unknown
    const params = shape.params?.parse(given.params) as unknown
    const answer = await handler(routeRequest({ params, body, actor: ines, ...given.as }))
    return shape.response!.parse(answer) as { freeze: string; seq: number; items: Freeze[] }
  }
  const place = (body: object) => ask('place', { body: { why: 'a sale', ...body } })
  const lift = (id: string) => ask('lift', { params: { freeze: id } })

  it('is placed, seen and lifted by who may act on some services only if it is of one of those', async () => {
    await start()
    const holds = (_: string, service?: string) => service === 'api'
    const caller = { actor: ines, by: 'token', id: 't', from: undefined, holds } as const
    const as = { caller }
    const body = { why: 'a sale' }
    for (const wide of [body, { ...body, service: 'other' }])
      await expect(ask('place', { body: wide, as })).rejects.toMatchObject({ code: 'FREEZE_WIDE' })
    const all = await place({})
    const own = await ask('place', { body: { ...body, service: 'api' }, as })
    expect((await ask('list', { as })).items.map(({ id }) => id)).toEqual([own.freeze])
    await expect(ask('lift', { params: { freeze: all.freeze }, as })).rejects.toMatchObject({
      code: 'FREEZE_UNKNOWN',
    })
    await ask('lift', { params: { freeze: own.freeze }, as })
  })

  it("of one service lets its commits wait, says who and why, and no other one's", async () => {
    await start()
    const { freeze: id } = await place({ service: 'api' })
    const [frozen, free] = [commit('api', '1'), commit('shop', '1')]
    await kept(free)
    const { data } = await of('commit.waiting', frozen)
    const reason = 'api is frozen by user:ines since 2026-01-01T00:00:00.000Z: a sale'
    expect(data).toEqual({ commit: expect.objectContaining({ sha: frozen }), code: 'SERVICE_FROZEN', reason })
    expect((await ask('list')).items).toEqual([
      { id, service: 'api', by: ines, since: '2026-01-01T00:00:00.000Z', why: 'a sale' },
    ])
    await lift(id)
    await kept(frozen)
    expect((await of('commit.admitted', frozen)).actor).toEqual(ines)
    expect((await ask('list')).items).toEqual([])
    await expect(lift(id)).rejects.toMatchObject({ code: 'FREEZE_UNKNOWN' })
  })

  it('of a label, and of the host, lets all wait that it covers', async () => {
    await start()
    const { freeze: edge } = await place({ label: 'tier=edge' })
    const [api, shop, db] = [commit('api', '1'), commit('shop', '1'), commit('db', '1')]
    await kept(db)
    for (const sha of [api, shop]) {
      const { data } = await of('commit.waiting', sha)
      expect(data).toMatchObject({ reason: expect.stringMatching(/^what bears tier=edge is frozen by/) })
    }
    const { freeze: all } = await place({})
    const next = commit('db', '2')
    expect((await of('commit.waiting', next)).data).toMatchObject({
      reason: expect.stringMatching(/^the host is frozen/),
    })
    await lift(edge)
    await expect
      .poll(() => kernel.flow.placement('api', 'test')?.waiting?.reason, { timeout: 10_000 })
      .toMatch(/^the host/)
    await lift(all)
    for (const sha of [api, shop, next]) await kept(sha)
  })

  it('ends by itself when its time has come, the longest last, also over a restart', async () => {
    await start()
    await place({ until: '1h' })
    await place({ service: 'api', until: '2026-01-01T03:00:00+01:00' })
    const sha = commit('api', '1')
    expect((await of('commit.waiting', sha)).data).toMatchObject({ until: '2026-01-01T02:00:00.000Z' })
    await kernel.stop()
    clock.go(1.5 * hour)
    await start()
    expect((await ask('list')).items).toHaveLength(1)
    expect(kernel.flow.placement('api', 'test')!.newest).toBeUndefined()
    await clock.live(hour / 2)
    await kept(sha)
    expect((await ask('list')).items).toEqual([])
  })

  it('is set aside by a person with a reason, and by a rollback', async () => {
    await start()
    const first = commit('api', '1')
    await kept(first)
    await place({})
    const next = commit('api', '2')
    await of('commit.waiting', next)
    const deploy = { kind: 'deploy', service: 'api', actor: ines, commit: next } as const
    await expect(kernel.flow.request(deploy)).rejects.toMatchObject({
      code: 'SERVICE_FROZEN',
      message: expect.stringContaining(`longshore deploy api ${next} --override --why TEXT`),
    })
    await kernel.flow.request({ ...deploy, override: true, why: 'it burns' })
    await kept(next)
    await kernel.flow.request({ kind: 'rollback', service: 'api', actor: ines })
    await expect
      .poll(() => kernel.flow.placement('api', 'test')?.running?.commit.sha, { timeout: 10_000 })
      .toBe(first)
  })

  it('of a label lets go what does not bear it any more', async () => {
    await start()
    await place({ label: 'tier=core' })
    const sha = commit('db', '1')
    await of('commit.waiting', sha)
    const changed = { ...services, db: { ...services.db, labels: {} } }
    await kernel.kernel.reconfigure({ file: 'test', value: { version: 1, host: 'test', services: changed } })
    await kept(sha)
  })

  it('is refused when it covers nothing, is over already, says no why, or is one too many', async () => {
    await start()
    await expect(place({ service: 'nobody' })).rejects.toMatchObject({ code: 'SERVICE_UNKNOWN' })
    await expect(place({ label: 'tier=none' })).rejects.toMatchObject({ code: 'LABEL_UNKNOWN' })
    for (const until of ['2025-12-31', '0s', '9999999d'])
      await expect(place({ until }), until).rejects.toMatchObject({ code: 'FREEZE_UNTIL' })
    await expect(place({ until: 'tomorrow' })).rejects.toThrow('a span from now on')
    await expect(place({ why: ' ' })).rejects.toThrow('why')
    await expect(place({ service: 'api', label: 'tier=edge' })).rejects.toThrow('not of both')
    await expect(place({ label: 'tier' })).rejects.toThrow('tier=edge')
    for (let count = 0; count < 100; count++) await place({ service: 'api' })
    await expect(place({ service: 'api' })).rejects.toMatchObject({ code: 'FREEZES_FULL' })
  })
})

describe('the freezes of a host', () => {
  it('are made of the events alone, and what is over goes with the next one', () => {
    const event = (kind: string, data: object, time: string): Event => {
      return { kind, seq: 1, id: 'x', host: 'h', actor: ines, why: 'w', time, data }
    }
    const at = (hours: number) => new Date(hours * hour).toISOString()
    let state = freezeSlice.reduce(undefined, event('freeze.placed', { id: 'a', until: at(2) }, at(1)))
    state = freezeSlice.reduce(state, event('freeze.placed', { id: 'b', label: 'x=y' }, at(1)))
    expect(state).toMatchObject([{ id: 'a' }, { id: 'b', label: 'x=y', by: ines, since: at(1), why: 'w' }])
    state = freezeSlice.reduce(state, event('freeze.placed', { id: 'c' }, at(3)))
    expect(state!.map(({ id }) => id)).toEqual(['b', 'c'])
    state = freezeSlice.reduce(state, event('freeze.lifted', { id: 'b' }, at(3)))
    expect(state!.map(({ id }) => id)).toEqual(['c'])
    expect(freezeSlice.key(event('freeze.lifted', {}, at(1)))).toBe('h')
    expect(freezeSlice.key(event('hold.placed', {}, at(1)))).toBeUndefined()
  })
})
