import { setImmediate as turn } from 'node:timers/promises'
import type { Event } from '@longshore/core/protocol'
import { writeTogether } from './client.js'
import { damaged, type StorageError } from './errors.js'
import type { JournalFile } from './journal-file.js'
import { journalName } from './names.js'
import { decodeEvent } from './record.js'
import { WordIndex, type Index, type Offsets } from './words.js'

/** Events that are read, indexed or removed in one turn: a few milliseconds of work, so that others get theirs. */
const atOnce = 1_000

/**
 * The events that are not sealed yet. Their index is kept in memory and made only when somebody asks by a word or a
 * time: an append writes nothing but the event, and a start reads none of them.
 */
export class Recent implements Index {
  readonly #file: JournalFile
  #first: number
  #index = new WordIndex()

  constructor(file: JournalFile, first: number) {
    this.#file = file
    this.#first = first
  }

  /** The seq of its first event, or of the one that will be. */
  get first(): number {
    return this.#first
  }

  /** Indexes what came since it was last asked, up to and with the seq. */
  async catchUp(last: number): Promise<void> {
    while (!this.isIndexed(last)) {
      const from = this.#first + this.#index.size
      const raw = this.raw(from, Math.min(last, from + atOnce - 1))
      for (const [at, bytes] of raw.entries()) this.#index.add(decode(from + at, bytes))
      await turn()
    }
  }

  /** Whether its index reaches that far now: sealing begins a new one. */
  isIndexed(last: number): boolean {
    return this.#first + this.#index.size > last
  }

  offsets(word: string): Offsets | undefined {
    return this.#index.offsets(word)
  }

  times(): Offsets {
    return this.#index.times()
  }

  /** The events at the offsets, in their order. */
  read(offsets: readonly number[]): Event[] {
    return offsets.map((offset) => {
      const seq = this.#first + offset
      const bytes = this.#file.events.getBinaryFast(seq)
      if (!bytes) throw missing(seq)
      return decode(seq, bytes)
    })
  }

  /** An event as it lies on disk. */
  one(seq: number): Buffer {
    const bytes = this.#file.events.get(seq)
    if (!bytes) throw missing(seq)
    return bytes
  }

  /** Events as they lie on disk, from and to inclusive; refuses with STORAGE_DAMAGED when one is missing. */
  raw(from: number, to: number): Buffer[] {
    let next = from
    const found: Buffer[] = []
    for (const { key, value } of this.#file.events.getRange({ start: from, end: to, inclusiveEnd: true })) {
      if (key !== next++) throw missing(next - 1)
      found.push(value)
    }
    if (next !== to + 1) throw missing(next)
    return found
  }

  /** The events of a range in pieces, with a turn for others between two. */
  async *pieces(from: number, to: number): AsyncGenerator<Buffer[]> {
    for (let at = from; at <= to; at += atOnce) {
      yield this.raw(at, Math.min(to, at + atOnce - 1))
      await turn()
    }
  }

  /** Begins at a later seq: what is before was sealed or pruned. */
  begin(first: number): void {
    if (first <= this.#first) return
    this.#first = first
    this.#index = new WordIndex()
  }

  /** Removes from the file what lies before the first: its pages are used again. */
  async sweep(): Promise<void> {
    const { events, environment } = this.#file
    for (;;) {
      const keys = [...events.getKeys({ start: 0, end: this.#first, limit: atOnce })]
      if (keys.length === 0) return
      await writeTogether(environment, () => {
        for (const key of keys) void events.remove(key)
      })
    }
  }
}

function missing(seq: number): StorageError {
  return damaged(journalName, `event ${seq} is not in it`)
}

function decode(seq: number, bytes: Buffer): Event {
  try {
    return decodeEvent(seq, bytes)
  } catch (error) {
    throw damaged(journalName, `event ${seq} cannot be read`, error)
  }
}
