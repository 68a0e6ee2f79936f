import { promisify } from 'node:util'
import { setImmediate as turn } from 'node:timers/promises'
import { constants, deflateRaw, inflateRaw } from 'node:zlib'
import type { DocumentWrite, Storage } from '../contracts/storage.js'
import type { Clock } from '../kernel/clock.js'
import type { Logger } from '../kernel/logger.js'
import type { HostState, Placement } from '../protocol/index.js'
import type { Moment } from './moment.js'

/**
 * Events between two snapshots, so the most that a rewind replays: 10,000 are read and reduced in some 100 ms. Fewer
 * would cost more disk and more work, for each snapshot holds every placement.
 */
export const snapshotEvery = 10_000
/** Documents in one part: a few milliseconds to write or read, so that others get their turn between two. */
const together = 32
/** How the parts are written. Another number: the snapshot is of another version, and left alone. */
const format = 1

const heads = 'snapshot'
const states = 'snapshot-state'

/** What is known of a snapshot without reading it. */
export interface Head {
  /** Of the last event in it; 0 where none had happened. */
  seq: number
  /** When that happened. */
  time: string
  /** Of its parts as they are stored. */
  bytes: number
  format: number
}

type Entry = ['placement', string, Placement] | ['host', string, HostState]

const deflate = promisify(deflateRaw)
const inflate = promisify(inflateRaw)

interface Parts {
  storage: Storage
  clock: Clock
  log: Logger
  every: number
}

/** Moments that are kept on disk, as documents beside the events: a rewind begins at the one before it. */
export class Snapshots {
  readonly #parts: Parts
  #heads: Head[] = []
  /** The seq from which on the next one is due. */
  #due = 0
  #writing: Promise<void> | undefined

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Oldest first. */
  get heads(): readonly Head[] {
    return this.#heads
  }

  /** Learns what is kept; without anything, what is now becomes the first. */
  async open(now: Moment): Promise<void> {
    const found = await this.#parts.storage.list<Head>(heads)
    this.#heads = found.map(({ value }) => value).filter((head) => head.format === format)
    this.#due = this.#heads.length === 0 ? now.seq : this.#heads.at(-1)!.seq + this.#parts.every
    this.told(now.seq, () => now)
  }

  /** So much has happened: when one is due it is written in the background, of that moment, and nobody waits for it. */
  told(seq: number, now: () => Moment): void {
    if (seq < this.#due || this.#writing) return
    const { every, log } = this.#parts
    // When it fails, the disk is full or broken: not again at once.
    this.#due = seq + Math.ceil(every / 8)
    const failed = (error: unknown) =>
      log.error({ error, seq }, 'a snapshot of the state could not be written')
    this.#writing = this.write(now())
      .catch(failed)
      .finally(() => (this.#writing = undefined))
  }

  /** Until nothing is being written. */
  async idle(): Promise<void> {
    await this.#writing
  }

  /** Keeps a moment; one that is kept already stays as it is. */
  async write(moment: Moment): Promise<void> {
    const { seq } = moment
    if (this.#heads.some((head) => head.seq === seq)) return
    const { storage, every } = this.#parts
    const parts = await packed(moment)
    const bytes = parts.reduce((sum, { length }) => sum + length, 0)
    const head: Head = { seq, time: await this.#timeOf(seq), bytes, format }
    await storage.commit({ events: [], documents: documentsOf(head, { head, parts }) })
    this.#heads = [...this.#heads, head].sort((a, b) => a.seq - b.seq)
    this.#due = Math.max(this.#due, this.#heads.at(-1)!.seq + every)
  }

  /** The newest that is not past the seq. */
  nearest(seq: number): Head | undefined {
    return this.#heads.findLast((head) => head.seq <= seq)
  }

  /** The moment that was kept; undefined when it was removed meanwhile. */
  async read({ seq }: Head): Promise<Moment | undefined> {
    const parts = await this.#parts.storage.get<string[]>(states, keyOf(seq))
    if (!parts) return undefined
    const placements = new Map<string, Placement>()
    const hosts = new Map<string, HostState>()
    // All at once: they are inflated beside each other, and beside what is parsed already.
    for (const part of parts.map((each) => inflate(Buffer.from(each, 'base64')))) {
      for (const [slice, key, value] of JSON.parse((await part).toString()) as Entry[]) {
        if (slice === 'placement') placements.set(key, value)
        else hosts.set(key, value)
      }
      await turn()
    }
    return { seq, placements, hosts }
  }

  /** Removes those below the seq, and more from the oldest while they take more than so many bytes; never the newest. */
  async prune(below: number, bytes: number): Promise<void> {
    let room = bytes
    const fitting = [...this.#heads]
      .reverse()
      .filter((head, index) => (room -= head.bytes) >= 0 || index === 0)
    const oldest = fitting.at(-1)?.seq ?? 0
    const gone = this.#heads.filter(({ seq }) => seq < below || seq < oldest)
    if (gone.length === 0) return
    const documents = gone.flatMap((head) => documentsOf(head, undefined))
    await this.#parts.storage.commit({ events: [], documents })
    this.#heads = this.#heads.filter((head) => !gone.includes(head))
  }

  async #timeOf(seq: number): Promise<string> {
    const { storage, clock } = this.#parts
    const [event] = seq > 0 ? (await storage.events({ after: seq - 1, limit: 1 })).events : []
    return event?.seq === seq ? event.time : new Date(clock.now()).toISOString()
  }
}

function documentsOf({ seq }: Head, value: { head: Head; parts: string[] } | undefined): DocumentWrite[] {
  const key = keyOf(seq)
  return [
    { collection: heads, key, value: value?.head },
    { collection: states, key, value: value?.parts },
  ]
}

/** In the order of the seqs. */
function keyOf(seq: number): string {
  return String(seq).padStart(16, '0')
}

/** The moment's documents in parts, each a JSON list, deflated, in base64. */
async function packed({ placements, hosts }: Moment): Promise<string[]> {
  const entries: Entry[] = [
    ...[...hosts].map(([key, value]): Entry => ['host', key, value]),
    ...[...placements].map(([key, value]): Entry => ['placement', key, value]),
  ]
  const parts: string[] = []
  for (let from = 0; from < entries.length; from += together) {
    const text = JSON.stringify(entries.slice(from, from + together))
    const bytes = await deflate(text, { level: constants.Z_BEST_SPEED })
    parts.push(bytes.toString('base64'))
    await turn()
  }
  return parts
}
