import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { Storage } from '../../contracts/storage.js'
import type { Plugin } from '../../kernel/plugin.js'
import { deadline } from '../../waiting/deadline.js'
import { memoryDisk } from '../fakes/storage.js'
import { HandClock } from '../hand-clock.js'
import { startTestKernel, type TestKernel, type TestKernelOptions } from '../kernel.js'
import type { Law } from '../law.js'
import { madeHistory } from './rewind-history.js'

export interface RewindSubject {
  /** The storage that is tried and what answers; without any, the storage in memory. */
  plugins?: readonly Plugin[]
  config?: Record<string, unknown>
  /** Everything that is answered of the state as it is, or as it was after that seq: plain JSON, of one moment. */
  answer(kernel: TestKernel, at?: string): Promise<unknown>
  /** What of an answer is still to be told when nothing before the seq is kept; all of it unless told otherwise. */
  left?(answer: unknown, first: number): unknown
  /** Of a history; 160 unless told otherwise. */
  facts?: number
}

const second = 1_000
const hour = 3_600 * second

/** Of every seq that was the newest once: what was answered then, and when that was. */
type Answers = Map<number, { answer: unknown; time: number }>

/** A kernel that is started again and again on what it left behind. */
class Place {
  readonly clock = new HandClock()
  readonly answers: Answers = new Map()
  readonly #options: TestKernelOptions
  readonly #subject: RewindSubject
  #kernel: TestKernel | undefined

  constructor(subject: RewindSubject, data: string, snapshotEvery: number) {
    this.#subject = subject
    const { plugins, config } = subject
    const disk = memoryDisk()
    this.#options = {
      plugins,
      config: { services: {}, ...config },
      clock: this.clock,
      data,
      disk,
      snapshotEvery,
    }
  }

  get kernel(): TestKernel {
    return this.#kernel!
  }

  async start(config: Record<string, unknown> = {}): Promise<void> {
    await this.#kernel?.stop()
    this.#kernel = undefined
    this.#kernel = await startTestKernel({ ...this.#options, config: { ...this.#options.config, ...config } })
  }

  async stop(): Promise<void> {
    await this.#kernel?.stop()
  }

  /** Records the facts, `step` milliseconds apart and up to three at once, and keeps what is answered in between. */
  async live(seed: number, step: number): Promise<void> {
    const drafts = [...madeHistory(this.#subject.facts ?? 160, seed)]
    for (let from = 0; from < drafts.length;) {
      this.clock.go(step)
      const count = 1 + (from % 3)
      await this.kernel.journal.record(...drafts.slice(from, from + count))
      from += count
      await this.note()
    }
  }

  /** What is answered now, unless something happens meanwhile. */
  async note(): Promise<void> {
    const { journal } = this.kernel
    const seq = journal.last()
    const answer = await this.#subject.answer(this.kernel)
    if (journal.last() === seq) this.answers.set(seq, { answer, time: this.clock.now() })
  }

  /** Every answer from the seq on is given again, in an order that nobody would ask in; those before are refused. */
  async tell(first = 0): Promise<void> {
    const { left = (answer) => answer } = this.#subject
    const seqs = [...this.answers.keys()].sort((a, b) => ((a * 7919) % 104_729) - ((b * 7919) % 104_729))
    for (const seq of seqs) {
      const asked = this.#subject.answer(this.kernel, String(seq))
      if (seq < first - 1) await assert.rejects(asked, { code: 'REWIND_TOO_EARLY' }, `seq ${seq}`)
      else
        assert.deepEqual(left(await asked, first), left(this.answers.get(seq)!.answer, first), `seq ${seq}`)
    }
  }
}

/** The law of looking back: what was answered of the state once is answered again, whoever asks for that moment later. */
export function rewindLaws(subject: RewindSubject): Law[] {
  const every = [1, 7, 100]
  return [
    ...every.map((each) =>
      law(`of every seq, with a snapshot every ${each} events`, subject, each, ofEverySeq),
    ),
    law('of a time: of the newest event that is not later', subject, 7, ofTimes),
    ...every.map((each) =>
      law(
        `of what is kept, with a snapshot every ${each} events, and refuses the rest`,
        subject,
        each,
        ofKept,
      ),
    ),
    law('refuses what has not come yet', subject, 7, refusesTheFuture),
  ]
}

function law(
  name: string,
  subject: RewindSubject,
  every: number,
  body: (place: Place) => Promise<void>,
): Law {
  return {
    name: `tells again ${name}`,
    async run() {
      const data = await mkdtemp(join(tmpdir(), 'longshore-rewind-'))
      const place = new Place(subject, data, every)
      try {
        await place.start()
        await body(place)
      } finally {
        await place.stop()
        await rm(data, { recursive: true, force: true })
      }
    },
  }
}

async function ofEverySeq(place: Place): Promise<void> {
  await place.live(1, second)
  await place.tell()
  await place.start()
  await place.note()
  await place.tell()
  await place.live(2, second)
  await place.tell()
}

async function ofTimes(place: Place): Promise<void> {
  await place.live(3, 10 * second)
  const { flow } = place.kernel
  for (const [seq, { time }] of place.answers)
    for (const later of [0, 1, 9_999]) {
      const moment = await flow.at({ time: Math.min(time + later, place.clock.now()) }, deadline(10_000))
      assert.equal(moment.seq, seq)
    }
}

/** Half of the history goes, as retention has it; what is left begins where the first event that stays does. */
async function ofKept(place: Place): Promise<void> {
  await place.live(4, hour)
  const age = `${Math.floor(place.answers.size / 2)}h`
  await place.start({ retention: { events: { age } } })
  const first = await pruned(place.kernel)
  await place.tell(first)
  await place.live(5, second)
  await place.tell(first)
}

/** Waits until retention has done its work; answers the seq of the first event that is kept. */
async function pruned({ kernel, journal }: TestKernel): Promise<number> {
  const storage = kernel.get(Storage)
  for (const signal = deadline(10_000); ; await turn()) {
    signal.throwIfAborted()
    const [first] = (await journal.read({ after: 0, limit: 1 })).events
    const [oldest] = await storage.list<{ seq: number }>('snapshot', { limit: 1 })
    if (first && first.seq > 10 && oldest && oldest.value.seq >= first.seq - 1) return first.seq
  }
}

async function refusesTheFuture(place: Place): Promise<void> {
  await place.live(6, second)
  const { flow, journal } = place.kernel
  const code = { code: 'REWIND_AHEAD' }
  await assert.rejects(flow.at({ seq: journal.last() + 1 }, deadline(10_000)), code)
  await assert.rejects(flow.at({ time: place.clock.now() + 1 }, deadline(10_000)), code)
}
