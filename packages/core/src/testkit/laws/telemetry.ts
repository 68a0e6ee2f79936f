import assert from 'node:assert/strict'
import type { LogFrame, LogLine, LogQuery, Telemetry } from '../../contracts/telemetry.js'
import { deadline } from '../../waiting/deadline.js'
import { lawsOf, type Law, type State } from '../law.js'

/** A telemetry under test for the service `hello` on `box`, and the hand that lets its instances print. */
export interface TelemetrySubject {
  telemetry: Telemetry
  /**
   * Resolves when what was printed is there to be read, with the id that the telemetry knows the instance by. Instances come
   * about by printing; later ones sort later.
   */
  print(instance: string, stream: 'stdout' | 'stderr', bytes: Uint8Array | string): Promise<string>
  close(): Promise<void>
}

const placement = { service: 'hello', host: 'box' }
const patience = 30_000

/** The law of Telemetry's log half, a test each. */
export function telemetryLaws(make: () => Promise<TelemetrySubject>): Law[] {
  const define = lawsOf(make)
  return [...keptLaws(define), ...liveLaws(define), ...lossLaws(define)]
}

type Define = State<TelemetrySubject>
type Asked = Omit<LogQuery, 'service' | 'host'>

async function all({ telemetry }: TelemetrySubject, query: Asked = {}): Promise<LogLine[]> {
  const lines: LogLine[] = []
  for await (const frame of telemetry.logs({ ...placement, ...query }, deadline(patience))) {
    lines.push(...frame.lines)
  }
  return lines
}

function texts(lines: LogLine[]): string[] {
  return lines.map(({ bytes }) => Buffer.from(bytes).toString('latin1'))
}

/** The wall clock goes on by a millisecond at least: what is printed next bears a later time. */
async function tick(): Promise<number> {
  const before = Date.now()
  while (Date.now() <= before + 1) await new Promise((resolve) => setImmediate(resolve))
  return before
}

/** Prints more lines than anybody keeps, each beginning with its number from 0, and answers how many. */
async function flood(subject: TelemetrySubject): Promise<number> {
  const total = 300_000
  for (let from = 0; from < total; from += 1000) {
    const lines = Array.from({ length: 1000 }, (_, index) => `${from + index}`.padEnd(199) + '\n')
    await subject.print('i1', 'stdout', lines.join(''))
  }
  return total
}

function keptLaws(define: Define): Law[] {
  return [
    define('lines are byte-exact, whatever they hold', async (subject) => {
      const wild = Buffer.from([0xff, 0xfe, 0x00, 0x0d, 0x1b, 0x5b, 0x33, 0x31, 0x6d, 0xc3, 0x28])
      await subject.print('i1', 'stdout', Buffer.concat([wild, Buffer.from('\n\nlast\n')]))
      assert.deepEqual(texts(await all(subject)), [wild.toString('latin1'), '', 'last'])
    }),
    define('nothing is told of a service that printed nothing', async (subject) => {
      assert.deepEqual(await all(subject), [])
      assert.deepEqual(await all(subject, { tail: 10 }), [])
    }),
    define('lines of all instances come in time order and say whose they are', async (subject) => {
      const printed: string[] = []
      for (const [instance, text] of [
        ['i1', 'a'],
        ['i2', 'b'],
        ['i1', 'c'],
        ['i2', 'd'],
      ] as const) {
        printed.push(await subject.print(instance, 'stdout', `${text}\n`))
        await tick()
      }
      const lines = await all(subject)
      assert.deepEqual(texts(lines), ['a', 'b', 'c', 'd'])
      assert.deepEqual(
        lines.map(({ instance }) => instance),
        printed,
      )
      assert.deepEqual(texts(await all(subject, { instance: printed[1]! })), ['b', 'd'])
      assert.deepEqual(texts(await all(subject, { tail: 3 })), ['b', 'c', 'd'])
    }),
    define('stream, since and until leave out the rest', async (subject) => {
      await subject.print('i1', 'stdout', 'out\n')
      const between = await tick()
      await tick()
      await subject.print('i1', 'stderr', 'err\n')
      assert.deepEqual(texts(await all(subject, { stream: 'stderr' })), ['err'])
      assert.deepEqual(texts(await all(subject, { until: between })), ['out'])
      assert.deepEqual(texts(await all(subject, { since: between + 1 })), ['err'])
    }),
    define('tail answers the last lines only', async (subject) => {
      await subject.print('i1', 'stdout', Array.from({ length: 1000 }, (_, index) => `${index}\n`).join(''))
      assert.deepEqual(texts(await all(subject, { tail: 2 })), ['998', '999'])
      assert.deepEqual(await all(subject, { tail: 0 }), [])
    }),
  ]
}

function liveLaws(define: Define): Law[] {
  return [
    define(
      'with follow it stays for what comes, also of new instances, until its signal aborts',
      async (subject) => {
        await subject.print('i1', 'stdout', 'before\n')
        const stop = new AbortController()
        const seen: string[] = []
        for await (const frame of subject.telemetry.logs({ ...placement, follow: true }, stop.signal)) {
          seen.push(...texts(frame.lines))
          if (seen.length === 1) await subject.print('i1', 'stdout', 'after\n')
          if (seen.length === 2) await subject.print('i2', 'stderr', 'another\n')
          if (seen.length === 3) stop.abort()
        }
        assert.deepEqual(seen, ['before', 'after', 'another'])
      },
    ),
  ]
}

function lossLaws(define: Define): Law[] {
  return [
    define('lines that are gone before the first one that is kept are counted before it', async (subject) => {
      const total = await flood(subject)
      for (const follow of [false, true]) {
        const signal = deadline(patience)
        let next = 0
        for await (const { lines, skipped } of subject.telemetry.logs({ ...placement, follow }, signal)) {
          next += skipped
          if (lines.length > 0) assert.equal(Number.parseInt(texts(lines)[0]!), next)
          next += lines.length
          if (next === total) break
        }
        assert.equal(next, total)
      }
    }),
    define('a reader that is slow slows only itself; what it misses is counted', async (subject) => {
      await subject.print('i1', 'stdout', 'first\n')
      const stop = new AbortController()
      const slow = subject.telemetry.logs({ ...placement, follow: true }, stop.signal)[Symbol.asyncIterator]()
      const first = (await slow.next()).value as LogFrame
      const total = await flood(subject)
      await subject.print('i1', 'stdout', 'last\n')
      let count = first.lines.length + first.skipped
      for (let last = ''; last !== 'last';) {
        const { value } = (await slow.next()) as { value: LogFrame }
        count += value.skipped + value.lines.filter(({ partial }) => !partial).length
        last = texts(value.lines.slice(-1))[0] ?? ''
      }
      stop.abort()
      await slow.return?.(undefined)
      assert.equal(count, total + 2)
    }),
  ]
}
