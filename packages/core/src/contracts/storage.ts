import type { Event, EventFilter } from '../protocol/index.js'
import { token } from '../kernel/token.js'

/** A document to put, or to remove when `value` is undefined. Values are plain JSON data. */
export interface DocumentWrite {
  collection: string
  key: string
  value: unknown
}

/** One atomic write: all of it, or nothing. */
export interface Batch {
  /** Their `seq` goes on from `last()` without a gap, in order of the calls. */
  events: Event[]
  documents: DocumentWrite[]
}

export type { EventFilter }

export interface EventQuery extends EventFilter {
  /** Only events with a greater seq, oldest first; excludes `before`. */
  after?: number
  /** Only events with a smaller seq, newest first; excludes `after`. Neither: newest first, from the end. */
  before?: number
  limit: number
}

export interface EventPage {
  events: Event[]
  /** Where to go on in the same direction: the seq to give as `after` or `before`; undefined at the end. */
  next?: number
}

export interface DocumentQuery {
  prefix?: string
  /** Only keys after this one (before it, with `reverse`). */
  after?: string
  reverse?: boolean
  limit?: number
}

/**
 * Keeps the journal and the documents made of it.
 *
 * Law: `commit` is one atomic write and durable when it resolves; calls take effect in order; a batch whose first seq
 * is not the next one is refused with STORAGE_SEQ, and one that finds no room with STORAGE_FULL, and then nothing of it
 * is there; calls that wait behind one that failed fail too. Reads see every resolved commit and page both ways; a page
 * does a bounded amount of work, so it may hold fewer events than asked for, even none, and a `next`. `prune` removes
 * the events from the oldest up to the first that is not older than the time, and more from the oldest, in steps of its own,
 * while they take more than `bytes` of the disk; documents stay and `last` does not
 * change. A second opener of the same store is refused with STORAGE_LOCKED.
 */
export interface Storage {
  commit(batch: Batch): Promise<void>
  /** The seq of the newest event, 0 when there is none. */
  last(): number
  get<T = unknown>(collection: string, key: string): Promise<T | undefined>
  list<T = unknown>(collection: string, query?: DocumentQuery): Promise<{ key: string; value: T }[]>
  events(query: EventQuery): Promise<EventPage>
  /**
   * Removes events older than the time (milliseconds since the epoch), or beyond so many bytes, and gives their disk back;
   * answers how many.
   */
  prune(before: number, bytes?: number): Promise<number>
  /** Writes a consistent copy of the live store into an absent or empty directory. */
  backup(directory: string): Promise<void>
}

export const Storage = token<Storage>('Storage')
