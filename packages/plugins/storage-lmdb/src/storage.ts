import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Batch, DocumentQuery, EventPage, EventQuery, Storage } from '@longshore/core'
import { backupStore } from './backup.js'
import { getDocument, listDocuments } from './documents.js'
import { closed, writeError } from './errors.js'
import { numberOf, openJournalFile, setNumbers, type JournalFile } from './journal-file.js'
import { lockFile } from './lock.js'
import { lockName, segmentsName } from './names.js'
import { readPage } from './reader.js'
import { Recent } from './recent.js'
import { writeSegment } from './segment-writer.js'
import { readCatalogue, Segments } from './segments.js'
import { Writer } from './writer.js'

export interface StoreOptions {
  /** Events in a segment; at most 65,536. */
  segment: number
  /** Told when work in the background fails; it is tried again later. */
  report(error: unknown): void
}

/** The store in one folder. `openStore` makes it; nothing else may touch the folder until `close` resolved. */
export class LmdbStorage implements Storage {
  readonly segments: Segments
  readonly recent: Recent
  readonly #file: JournalFile
  readonly #writer: Writer
  readonly #options: StoreOptions
  readonly #unlock: () => void
  #first: number
  /** Sealing, pruning and backing up take turns: each relies on the segments staying as they are. */
  #upkeep: Promise<unknown> = Promise.resolve()
  #sealing: Promise<void> | undefined
  #sealFrom = 0
  #closed = false

  constructor(file: JournalFile, segments: Segments, unlock: () => void, options: StoreOptions) {
    this.#file = file
    this.segments = segments
    this.#unlock = unlock
    this.#options = options
    this.#first = numberOf(file, 'first')
    this.recent = new Recent(file, Math.max(segments.last + 1, this.#first))
    const [newest = 0] = file.events.getKeys({ reverse: true, limit: 1 })
    this.#writer = new Writer(file, Math.max(newest, this.recent.first - 1), () => this.#room())
    // A crash may have left events behind that were sealed or pruned already.
    void this.#inBackground(() => this.recent.sweep())
    this.#sealWhenDue()
  }

  async commit(batch: Batch): Promise<void> {
    await this.#writer.commit(batch)
    this.#sealWhenDue()
  }

  first(): number {
    return this.#first
  }

  last(): number {
    return this.#writer.last
  }

  async get<T = unknown>(collection: string, key: string): Promise<T | undefined> {
    this.#check()
    return getDocument<T>(this.#file, collection, key)
  }

  async list<T = unknown>(
    collection: string,
    query: DocumentQuery = {},
  ): Promise<{ key: string; value: T }[]> {
    this.#check()
    return listDocuments<T>(this.#file, collection, query)
  }

  async events(query: EventQuery): Promise<EventPage> {
    this.#check()
    return readPage(this, query)
  }

  prune(before: number, bytes = Infinity): Promise<number> {
    return this.#inTurn(async () => {
      const from = this.#first
      const first = Math.max(await this.#firstSince(before), this.#firstWithin(bytes))
      if (first === from) return 0
      const gone = this.segments.list.filter(({ last }) => last < first)
      await setNumbers(this.#file, { first }, () => {
        for (const segment of gone) void this.#file.segments.remove(segment.first)
      }).catch((error: unknown) => {
        throw writeError(error)
      })
      this.#first = first
      this.recent.begin(first)
      await this.segments.dropBelow(first)
      await this.recent.sweep()
      return first - from
    })
  }

  backup(directory: string): Promise<void> {
    return this.#inTurn(() => backupStore(this.#file, this.segments, directory))
  }

  /** Why it takes no writes; undefined when all is well. */
  get refusal(): Error | undefined {
    return this.#writer.refusal
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#writer.close()
    await this.#upkeep.catch(() => undefined)
    await this.segments.close()
    await this.#file.environment.close()
    this.#unlock()
  }

  #check(): void {
    if (this.#closed) throw closed()
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#upkeep.then(() => {
      this.#check()
      return work()
    })
    this.#upkeep = done.catch(() => undefined)
    return done
  }

  async #inBackground(work: () => Promise<void>): Promise<void> {
    await this.#inTurn(work).catch((error: unknown) => {
      if (!this.#closed) this.#options.report(error)
    })
  }

  #sealWhenDue(): void {
    const { segment } = this.#options
    if (this.#sealing || this.last() < Math.max(this.recent.first + segment - 1, this.#sealFrom)) return
    // When it fails, the disk is full or broken: not again at once.
    this.#sealFrom = this.last() + Math.ceil(segment / 8)
    const sealing = this.#inBackground(async () => {
      await this.#seal()
      this.#sealFrom = 0
    })
    this.#sealing = sealing.finally(() => {
      this.#sealing = undefined
    })
  }

  /** Writers wait for the sealing that is under way when they are a whole segment ahead of it. */
  #room(): Promise<void> | undefined {
    return this.last() - this.recent.first >= 2 * this.#options.segment ? this.#sealing : undefined
  }

  /** Moves the oldest recent events into a segment of their own. The catalogue decides where they are: at no time both. */
  async #seal(): Promise<void> {
    const { first } = this.recent
    const last = first + this.#options.segment - 1
    const entry = await writeSegment(this.segments.folder, first, last, this.recent)
    await setNumbers(this.#file, {}, () => {
      void this.#file.segments.put(first, Buffer.from(JSON.stringify(entry)))
    })
    this.segments.add(entry)
    this.recent.begin(last + 1)
    await this.recent.sweep()
  }

  /** The seq of the first sealed event with which the sealed files take no more than so many bytes. */
  #firstWithin(bytes: number): number {
    let size = 0
    for (const { entry, last } of [...this.segments.list].reverse())
      if ((size += entry.bytes) > bytes) return last + 1
    return 0
  }

  /** The seq of the first event that is not older than the time; the next one to come when all are. */
  async #firstSince(time: number): Promise<number> {
    for (const segment of this.segments.list) {
      if (segment.entry.until < time) continue
      await this.segments.use(segment)
      const offset = Math.max(this.#first - segment.first, 0)
      return segment.first + firstNotBefore(segment.times(), time, offset)
    }
    const last = this.last()
    await this.recent.catchUp(last)
    const { first } = this.recent
    return Math.min(last + 1, first + firstNotBefore(this.recent.times(), time))
  }
}

/** The first offset, from `start` on, whose time is not before the one given. */
function firstNotBefore(times: ArrayLike<number>, time: number, start = 0): number {
  for (let at = start; at < times.length; at++) if (times[at]! >= time) return at
  return times.length
}

/** Opens the store in the folder, or makes it. See the README for what it refuses, and by which codes. */
export async function openStore(folder: string, options: StoreOptions): Promise<LmdbStorage> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const unlock = lockFile(join(folder, lockName))
  let file: JournalFile | undefined
  try {
    file = await openJournalFile(folder)
    const segments = new Segments(join(folder, segmentsName), readCatalogue(file.segments))
    return new LmdbStorage(file, segments, unlock, options)
  } catch (error) {
    await file?.environment.close()
    unlock()
    throw error
  }
}
