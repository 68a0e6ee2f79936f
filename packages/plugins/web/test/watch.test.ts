import { describe, expect, it } from 'vitest'
import { definePlugin, Telemetry, type Plugin } from '@longshore/core'
import { coreTopics } from '@longshore/core/protocol'
import { FakeTelemetry } from '@longshore/core/testkit'
import { Live, overSocket } from './live.js'
import { push, startWeb } from './start.js'

const service = 'hello'

/** Telemetry of the kind `fake`, and the hand that prints. */
function telling(): { telemetry: FakeTelemetry; plugin: Plugin } {
  const telemetry = new FakeTelemetry()
  const plugin = definePlugin({
    name: 'fake-telemetry',
    provides: [Telemetry],
    setup: ({ provide }) => provide(Telemetry, 'fake', telemetry),
  })
  return { telemetry, plugin }
}

async function startTelling() {
  const { telemetry, plugin } = telling()
  const web = await startWeb({ plugins: [plugin] })
  return { web, telemetry, print: (text: string) => telemetry.print(service, 'i1', 'stdout', text) }
}

function numbered(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, index) => `${from + index}\n`.padStart(101, '.')).join('')
}

describe('watching logs', () => {
  it('tells the last lines, then what comes, with whose they are and when', async () => {
    const { web, telemetry, print } = await startTelling()
    print('old\nlast\n')
    const live = await new Live(web).connected()
    const stream = await live.stream({ topic: 'logs', service, tail: 1 }, 10)
    await expect.poll(() => live.text(stream)).toBe('last\n')
    const before = Date.now()
    telemetry.print(service, 'i2', 'stderr', 'fäil\n')
    await expect.poll(() => live.text(stream)).toBe('last\nfäil\n')
    const [first, second] = live.frames
    expect(first).toMatchObject({
      seq: 1,
      lines: 1,
      skipped: 0,
      origins: [{ instance: 'i1', stream: 'stdout' }],
    })
    expect(second).toMatchObject({ seq: 2, lines: 1, origins: [{ instance: 'i2', stream: 'stderr' }] })
    expect(second).toMatchObject({ pieces: [[5, 0, expect.any(Number)]] })
    expect((second as any).pieces[0][2]).toBeGreaterThanOrEqual(before)
  })

  it('sends nothing that was not granted, and then all of it, in order, or counted as skipped', async () => {
    const { web, print } = await startTelling()
    const live = await new Live(web).connected()
    const stream = await live.stream({ topic: 'logs', service }, 1)
    const other = await new Live(web).connected()
    const whole = await other.stream({ topic: 'logs', service }, 1_000)
    print(numbered(0, 1))
    await expect.poll(() => [live.frames.length, other.frames.length]).toEqual([1, 1])
    // More than anybody keeps, and nobody has asked for it.
    for (let from = 1; from < 100_001; from += 10_000) print(numbered(from, from + 10_000))
    const told = () => {
      const { lines, skipped } = other.counted(whole)
      return lines + skipped
    }
    // A machine that is busy may let this one miss some too; all of it has passed by then.
    await expect.poll(told, { timeout: 20_000 }).toBe(100_001)
    expect(live.frames).toHaveLength(1)
    live.grant(stream, 1_000)
    print('end\n')
    await expect.poll(() => live.text(stream).endsWith('end\n'), { timeout: 10_000 }).toBe(true)
    const { lines, skipped } = live.counted(stream)
    expect(skipped).toBeGreaterThan(0)
    expect(lines + skipped).toBe(100_002)
    const seqs = live.frames.map(({ seq }) => seq)
    expect(seqs).toEqual(seqs.map((_, index) => index + 1))
  })

  it('ends a stream at unwatch, and gives its place back', async () => {
    const { web, print } = await startTelling()
    const live = await new Live(web).connected()
    for (let round = 0; round < 40; round++) {
      const stream = await live.stream({ topic: 'logs', service }, 10)
      live.socket.emit('unwatch', { stream })
    }
    const stream = await live.stream({ topic: 'logs', service }, 10)
    print('once\n')
    await expect.poll(() => live.text(stream)).toBe('once\n')
    expect(live.frames).toHaveLength(1)
    expect(live.ended).toEqual([])
  })
})

it('tells what instances use', async () => {
  const { web, telemetry } = await startTelling()
  telemetry.use(service, { instance: 'i1', cpu: 12.5, memory: 4096 })
  const live = await new Live(web).connected()
  const stream = await live.stream({ topic: 'stats', service }, 1)
  await expect.poll(() => live.frames.length).toBe(1)
  expect(live.frames[0]).toMatchObject({
    stream,
    seq: 1,
    skipped: 0,
    samples: [{ instance: 'i1', cpu: 12.5 }],
  })
})

describe('watching the output of a deployment', () => {
  it('tells all of it, or its last lines, and that it ended', async () => {
    const web = await startWeb()
    const { deployment } = await push(web)
    const live = await new Live(web).connected()
    const all = await live.stream({ topic: 'output', deployment }, 10)
    const last = await live.stream({ topic: 'output', deployment, tail: 1 }, 10)
    await expect.poll(() => live.ended.map(({ stream }) => stream).sort()).toEqual([all, last])
    expect(live.text(all)).toContain('hello\nworld\n')
    expect(live.text(last).split('\n')).toHaveLength(2)
    expect(live.text(all).endsWith(live.text(last))).toBe(true)
  })
})

describe('through the socket of this account, and without websockets', () => {
  it.each([['websocket'], ['polling']])('watches by %s', async (transport) => {
    const { web, print } = await startTelling()
    for (const options of [{}, overSocket(web)]) {
      const live = await new Live(web, { transports: [transport], ...options }).connected()
      const stream = await live.stream({ topic: 'logs', service, tail: 0 }, 10)
      // Its reading begins with the credit, a moment after this.
      await expect
        .poll(() => {
          print(`over ${transport}\n`)
          return live.text(stream)
        })
        .toContain(`over ${transport}\n`)
    }
  })
})

describe('what cannot be watched', () => {
  it.each([
    [{ topic: 'tides' }, 'WEB_TOPIC_UNKNOWN'],
    [{ topic: 'logs' }, 'WEB_INPUT_INVALID'],
    [{ topic: 'logs', service, tail: 1e9 }, 'WEB_INPUT_INVALID'],
    [{ topic: 'logs', service, container: 'x' }, 'WEB_INPUT_INVALID'],
    [{ topic: 'logs', service: 'nobody' }, 'SERVICE_UNKNOWN'],
    [{ topic: 'output', deployment: '0000000000000000' }, 'DEPLOYMENT_UNKNOWN'],
    [null, 'WEB_INPUT_INVALID'],
    ['logs', 'WEB_INPUT_INVALID'],
  ])('answers %j with %s', async (asked, code) => {
    const { web } = await startTelling()
    const live = await new Live(web).connected()
    expect(await live.watch(asked as never)).toMatchObject({ problem: { code, hint: expect.any(String) } })
  })

  it('is a kind of which nothing is told', async () => {
    const live = await new Live(await startWeb()).connected()
    expect(await live.watch({ topic: 'logs', service } as never)).toMatchObject({
      problem: { code: 'WEB_KIND_SILENT' },
    })
  })

  it('is more than 32 things at once', async () => {
    const { web } = await startTelling()
    const live = await new Live(web).connected()
    for (let count = 0; count < 32; count++) await live.stream({ topic: 'logs', service })
    expect(await live.watch({ topic: 'logs', service })).toMatchObject({
      problem: { code: 'WEB_WATCHES_FULL' },
    })
  })
})

it('ends with the problem when what is watched fails', async () => {
  const breaking = {
    name: 'breaking',
    setup: ({ topics }: any) =>
      topics.add({ ...coreTopics.stats, name: 'breaking' }, async () => ({
        // eslint-disable-next-line require-yield
        async *[Symbol.asyncIterator]() {
          throw new Error('a secret of the inside')
        },
      })),
  }
  const web = await startWeb({ plugins: [breaking] })
  const live = await new Live(web).connected()
  const stream = await live.stream({ topic: 'breaking', service } as never, 1)
  await expect.poll(() => live.ended).toMatchObject([{ stream, problem: { status: 500, code: 'INTERNAL' } }])
  expect(JSON.stringify(live.ended)).not.toContain('secret')
})
