import assert from 'node:assert/strict'
import type { StatsQuery, Telemetry } from '../../contracts/telemetry.js'
import { Sample } from '../../protocol/index.js'
import { deadline } from '../../waiting/deadline.js'
import { lawsOf, type Law, type State } from '../law.js'

/** A telemetry under test, and the hand that lets instances of the service `hello` on `box` run. */
export interface StatsSubject {
  telemetry: Pick<Telemetry, 'stats'>
  /** Starts one that keeps a CPU busy and holds some memory; answers its name. It may end the one before. */
  start(): Promise<string>
  end(instance: string): Promise<void>
  close(): Promise<void>
}

const placement = { service: 'hello', host: 'box' }
const patience = 60_000
const every = 1_000
const counters = ['networkIn', 'networkOut', 'blockRead', 'blockWritten'] as const

/** The law of Telemetry's half on what instances use, a test each. */
export function statsLaws(make: () => Promise<StatsSubject>): Law[] {
  const define = lawsOf(make)
  return [...sampleLaws(define), ...queryLaws(define), ...changeLaws(define)]
}

type Define = State<StatsSubject>

/** Watches until a batch makes `done` true; answers all batches. */
async function watch(
  { telemetry }: StatsSubject,
  done: (batches: Sample[][]) => boolean,
  query: Partial<StatsQuery> = {},
): Promise<Sample[][]> {
  const batches: Sample[][] = []
  const signal = deadline(patience)
  for await (const batch of telemetry.stats({ ...placement, every, ...query }, signal)) {
    batches.push(batch)
    if (done(batches)) return batches
  }
  throw new Error('what was to be seen did not come about')
}

const shows = (instance: string) => (batches: Sample[][]) =>
  batches.at(-1)!.some((sample) => sample.instance === instance)
const lacks = (instance: string) => (batches: Sample[][]) => !shows(instance)(batches)

function sampleLaws(define: Define): Law[] {
  return [
    define(
      'what runs is told with its use of CPU and memory, in figures that are in their bounds',
      async (subject) => {
        const instance = await subject.start()
        const batches = await watch(subject, (all) =>
          all.at(-1)!.some(({ cpu, memory }) => (cpu ?? 0) > 0 && (memory ?? 0) > 0),
        )
        for (const sample of batches.flat()) {
          assert.equal(sample.instance, instance)
          assert.deepEqual(Sample.parse(sample), sample)
        }
      },
    ),
    define(
      'each batch has one sample an instance, later than the one before; counters do not fall',
      async (subject) => {
        await subject.start()
        const batches = await watch(subject, (all) => all.filter((batch) => batch.length > 0).length >= 3)
        const samples = batches.flatMap((batch) => {
          assert.ok(batch.length <= 1)
          return batch
        })
        samples.slice(1).forEach((sample, index) => {
          const before = samples[index]!
          assert.ok(sample.time > before.time)
          for (const name of counters) assert.ok((sample[name] ?? 0) >= (before[name] ?? 0), name)
        })
      },
    ),
  ]
}

function queryLaws(define: Define): Law[] {
  return [
    define('an instance that is asked for is told alone, and another one never', async (subject) => {
      const instance = await subject.start()
      await watch(subject, shows(instance), { instance })
      assert.deepEqual((await watch(subject, () => true, { instance: 'another' })).flat(), [])
      assert.deepEqual((await watch(subject, () => true, { service: 'another' })).flat(), [])
    }),
    define('where nothing runs, batches are empty; it ends when its signal aborts', async (subject) => {
      const stop = new AbortController()
      let batches = 0
      for await (const batch of subject.telemetry.stats({ ...placement, every }, stop.signal)) {
        assert.deepEqual(batch, [])
        batches++
        stop.abort()
      }
      assert.equal(batches, 1)
      const after = subject.telemetry.stats({ ...placement, every }, stop.signal)[Symbol.asyncIterator]()
      assert.equal((await after.next()).done, true)
    }),
  ]
}

function changeLaws(define: Define): Law[] {
  return [
    define('one that ends is told no more, and a new one is', async (subject) => {
      const first = await subject.start()
      let [second, step] = ['', 0]
      const stop = deadline(patience)
      for await (const batch of subject.telemetry.stats({ ...placement, every }, stop)) {
        if (step === 0 && shows(first)([batch])) {
          await subject.end(first)
          step = 1
        } else if (step === 1 && lacks(first)([batch])) {
          second = await subject.start()
          step = 2
        } else if (step === 2 && shows(second)([batch])) {
          step = 3
          break
        }
      }
      assert.equal(step, 3)
    }),
    define('each viewer is told all, at its own interval, also when another one leaves', async (subject) => {
      const instance = await subject.start()
      const leaves = watch(subject, shows(instance))
      const stays = watch(subject, (all) => all.filter((batch) => batch.length > 0).length >= 3, {
        every: 1_500,
      })
      await leaves
      await stays
      await watch(subject, shows(instance))
    }),
  ]
}
