import { setImmediate as turn } from 'node:timers/promises'
import type { Storage } from '../contracts/storage.js'
import type { Clock } from '../kernel/clock.js'
import { InputError, MissingError, UnavailableError } from '../kernel/errors.js'
import type { Event, Point } from '../protocol/index.js'
import { Semaphore } from '../waiting/semaphore.js'
import { Replay, type Moment } from './moment.js'
import type { Head, Snapshots } from './snapshots.js'

/**
 * Events that are read at once: a segment keeps those of a service together, so many cost little more than few. They are
 * reduced so many in a turn, so that others get theirs.
 */
const page = { read: 2_500, reduce: 500 }
/** Moments that are remembered, as long as memory allows: who looks at one mostly asks for more of it. */
const remembered = 4
/** Rewinds that may wait for the one at work; more are refused. */
const waiting = 32

interface Parts {
  storage: Storage
  snapshots: Snapshots
  clock: Clock
  now(): Moment
}

/** Makes the state of an earlier moment: the snapshot before it, and the events since by the same reducers. */
export class Rewind {
  readonly #parts: Parts
  readonly #recent = new Map<number, WeakRef<Moment>>()
  readonly #turns = new Semaphore(() => 1)
  #asked = 0

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /**
   * The state as it was at the point; at a time: before the first event later than that. Errors: REWIND_AHEAD for what
   * has not come yet, REWIND_TOO_EARLY for what is no longer (or was never) kept, REWIND_BUSY when too many ask.
   */
  async at(point: Point, signal: AbortSignal): Promise<Moment> {
    const seq = 'seq' in point ? point.seq : await this.#seqAt(point.time, signal)
    const now = this.#parts.now()
    if (seq > now.seq) throw ahead(`seq ${seq} has not happened: the newest event is ${now.seq}`)
    if (seq === now.seq) return now
    return this.#known(seq) ?? this.#asking(() => this.made(seq, signal))
  }

  /** The state after an event that has happened, for the host itself: however many others ask. */
  async made(seq: number, signal: AbortSignal): Promise<Moment> {
    // One at a time: each takes the processor, and who waits may find it made.
    return this.#turns.take(signal, () => this.#make(seq, signal))
  }

  async #seqAt(time: number, signal: AbortSignal): Promise<number> {
    const { storage, snapshots, clock, now } = this.#parts
    if (time > clock.now()) throw ahead(`${new Date(time).toISOString()} has not come yet`)
    const seq = await this.#before(time, signal)
    if (seq === undefined) return now().seq
    // Of the event itself nothing may be left: then only the snapshot tells when it was.
    const [event] = seq > 0 ? (await storage.events({ after: seq - 1, limit: 1 })).events : []
    const head = snapshots.nearest(seq)
    if (event?.seq !== seq && !(head?.seq === seq && Date.parse(head.time) <= time))
      throw this.#tooEarly(new Date(time).toISOString(), seq)
    return seq
  }

  /** The seq before the first event that is later than the time; undefined when none is. */
  async #before(time: number, signal: AbortSignal): Promise<number | undefined> {
    for (let after: number | undefined = 0; after !== undefined;) {
      signal.throwIfAborted()
      const { events, next } = await this.#parts.storage.events({ since: time + 1, after, limit: 1 })
      if (events[0]) return events[0].seq - 1
      after = next
    }
    return undefined
  }

  async #asking<T>(work: () => Promise<T>): Promise<T> {
    if (this.#asked > waiting) {
      throw new UnavailableError('REWIND_BUSY', `${waiting} others wait to see an earlier state already`, {
        hint: 'Ask again in a moment.',
      })
    }
    this.#asked++
    try {
      return await work()
    } finally {
      this.#asked--
    }
  }

  async #make(seq: number, signal: AbortSignal): Promise<Moment> {
    const known = this.#known(seq)
    if (known) return known
    const head = this.#parts.snapshots.nearest(seq)
    const base = head && (this.#closest(head, seq) ?? (await this.#parts.snapshots.read(head)))
    if (!base) throw this.#tooEarly(`seq ${seq}`, seq)
    const replay = new Replay(base)
    while (replay.seq < seq) {
      signal.throwIfAborted()
      const limit = Math.min(page.read, seq - replay.seq)
      const { events } = await this.#parts.storage.events({ after: replay.seq, limit })
      if (events[0]?.seq !== replay.seq + 1) throw this.#tooEarly(`seq ${seq}`, seq)
      await addAll(replay, events)
    }
    return this.#remember(replay)
  }

  #known(seq: number): Moment | undefined {
    return this.#recent.get(seq)?.deref()
  }

  /** A moment that is remembered and nearer than the snapshot. */
  #closest({ seq: from }: Head, to: number): Moment | undefined {
    const between = [...this.#recent.keys()].filter((seq) => seq > from && seq < to).sort((a, b) => b - a)
    for (const seq of between) {
      const known = this.#known(seq)
      if (known) return known
    }
    return undefined
  }

  #remember({ seq, placements, hosts }: Replay): Moment {
    const moment: Moment = { seq, placements, hosts }
    this.#recent.delete(seq)
    this.#recent.set(seq, new WeakRef(moment))
    const [oldest] = this.#recent.keys()
    if (this.#recent.size > remembered) this.#recent.delete(oldest!)
    return moment
  }

  #tooEarly(what: string, seq: number): MissingError {
    const { heads } = this.#parts.snapshots
    const since = heads.find((head) => head.seq > seq) ?? heads.at(-1)
    return new MissingError('REWIND_TOO_EARLY', `what was at ${what} is not kept`, {
      hint: since
        ? `It can be told since ${since.time}, seq ${since.seq}.`
        : 'Nothing earlier than now can be told yet.',
    })
  }
}

async function addAll(replay: Replay, events: readonly Event[]): Promise<void> {
  for (let from = 0; from < events.length; from += page.reduce) {
    for (const event of events.slice(from, from + page.reduce)) replay.add(event)
    await turn()
  }
}

function ahead(what: string): InputError {
  return new InputError('REWIND_AHEAD', what, { hint: 'Ask for a time that has been, or leave `at` out.' })
}
