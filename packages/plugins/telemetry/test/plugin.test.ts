import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Contributions, definePlugin, Telemetry, type Plugin, type StreamReply } from '@longshore/core'
import {
  FakeTelemetry,
  routeRequest,
  startTestKernel,
  verifyPlugin,
  type TestKernel,
} from '@longshore/core/testkit'
import telemetry from '@longshore/telemetry'
import { LogsLine, type Stats } from '@longshore/telemetry/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

describe('the plugin', () => {
  for (const { name, run } of verifyPlugin(telemetry as Plugin)) it(name, run)
})

let data: string
let fake: FakeTelemetry
let kernel: TestKernel | undefined
const service = { source: { url: 'https://git.example/team/hello.git' }, run: { kind: 'fake' } }

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'longshore-telemetry-'))
  fake = new FakeTelemetry()
})
afterEach(async () => {
  await kernel?.stop()
  kernel = undefined
  await rm(data, { recursive: true, force: true })
})

async function start(services: object = { hello: service }, told = true): Promise<void> {
  await kernel?.stop()
  const source = definePlugin({
    name: 'fake-telemetry',
    provides: [Telemetry],
    setup: ({ provide }) => (told ? provide(Telemetry, 'fake', fake) : undefined),
  })
  kernel = await startTestKernel({
    data,
    plugins: [telemetry as Plugin, source as Plugin],
    config: { services },
  })
}

function ask(
  path: 'logs' | 'stats',
  query: object = {},
  name = 'hello',
  signal = AbortSignal.timeout(30_000),
) {
  const route = kernel!.kernel
    .get(Contributions)
    .routes.find(({ shape }) => shape.path === `/services/:service/${path}`)!
  const headers = { accept: 'application/x-ndjson' }
  const parsed = route.shape.query!.parse(query)
  return route.handler(routeRequest({ params: { service: name }, query: parsed, signal, headers }))
}

async function* lines(query: object = {}, name = 'hello', signal?: AbortSignal): AsyncGenerator<LogsLine> {
  const { chunks } = (await ask('logs', query, name, signal)) as StreamReply
  for await (const chunk of chunks)
    for (const text of String(chunk).trimEnd().split('\n')) yield LogsLine.parse(JSON.parse(text))
}

async function texts(query: object = {}, name = 'hello'): Promise<string[]> {
  const found: string[] = []
  for await (const line of lines(query, name)) if ('text' in line) found.push(line.text)
  return found
}

/** The texts once there are so many. */
async function textsOnce(count: number, query: object = {}): Promise<string[]> {
  const stop = new AbortController()
  const found: string[] = []
  for await (const line of lines({ ...query, follow: '1' }, 'hello', stop.signal)) {
    if ('text' in line) found.push(line.text)
    if (found.length >= count) stop.abort()
  }
  return found
}

describe('what services print', () => {
  it('is there once and in order after restarts, however many lines bear the same time', async () => {
    await start()
    const wanted: string[] = []
    for (let round = 0; round < 3; round++) {
      for (let number = 0; number < 2000; number++) {
        wanted.push(`${round} same`, `${round} ${number}`)
        fake.print('hello', `i${round}`, 'stdout', `${round} same\n${round} ${number}\n`)
      }
      expect(await textsOnce(wanted.length)).toEqual(wanted)
      await start()
    }
    // What comes after the last restart shows that the source was asked again, and gave nothing twice.
    fake.print('hello', 'i3', 'stderr', 'last\n')
    expect(await textsOnce(wanted.length + 1)).toEqual([...wanted, 'last'])
    expect(await texts({ instance: 'i3', stream: 'stderr' })).toEqual(['last'])
  })

  it('is followed from what is kept into what comes, through the same filters', async () => {
    await start()
    fake.print('hello', 'i1', 'stdout', 'one match\ntwo\nthree match\n')
    await textsOnce(3)
    const stop = new AbortController()
    const found: string[] = []
    for await (const line of lines({ follow: '1', search: 'match' }, 'hello', stop.signal)) {
      if ('text' in line) found.push(line.text)
      if (found.length === 2) fake.print('hello', 'i1', 'stdout', 'four\nfive match\n')
      if (found.length === 3) stop.abort()
    }
    expect(found).toEqual(['one match', 'three match', 'five match'])
    expect(await texts({ match: '^t.*e' })).toEqual(['three match'])
  })

  it('stays when the service is taken out of the config', async () => {
    await start()
    fake.print('hello', 'i1', 'stdout', 'remembered\n')
    await textsOnce(1)
    await start({ other: service })
    expect(await texts()).toEqual(['remembered'])
    await expect(ask('logs', {}, 'nobody')).rejects.toMatchObject({ code: 'SERVICE_UNKNOWN' })
  })

  it('is refused where nobody tells it, and where the query makes no sense', async () => {
    await start({ hello: service }, false)
    await expect(ask('logs')).rejects.toMatchObject({ code: 'TELEMETRY_MISSING' })
    await expect(ask('stats')).rejects.toMatchObject({ code: 'TELEMETRY_MISSING' })
    await start()
    await expect(ask('logs', { match: '(' })).rejects.toMatchObject({ code: 'LOGS_MATCH_INVALID' })
    await expect(ask('logs', { match: '(a)\\1' })).rejects.toMatchObject({ code: 'LOGS_MATCH_INVALID' })
    expect(() => ask('logs', { sinse: '1h' })).toThrow('sinse')
  })
})

describe('what services use', () => {
  it('is told for each instance, with what is not known left out, also after a restart', async () => {
    await start()
    const look = async () => (await ask('stats', { window: '1m' })) as Stats
    fake.use('hello', { instance: 'i1', cpu: 50, memory: 1000 })
    await start()
    const deadline = performance.now() + 30_000
    let found = await look()
    while (found.instances.length === 0 && performance.now() < deadline) found = await look()
    const point = { cpu: { mean: 50, least: 50, most: 50 }, memory: { mean: 1000, least: 1000, most: 1000 } }
    expect(found.instances).toMatchObject([{ instance: 'i1', points: [point] }])
    expect(found.instances[0]!.points[0]).not.toHaveProperty('pids')
    fake = new FakeTelemetry()
    await start()
    expect((await look()).instances).toMatchObject([{ instance: 'i1', points: [point] }])
    await expect(ask('stats', { window: '15d' })).rejects.toMatchObject({ code: 'STATS_QUERY' })
    await expect(ask('stats', { window: '1h', step: '1s' })).rejects.toMatchObject({ code: 'STATS_QUERY' })
  })
})
