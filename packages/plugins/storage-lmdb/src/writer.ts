import { InputError, UnavailableError, type Batch } from '@longshore/core'
import { writeTogether } from './client.js'
import { closed, isFull, writeError } from './errors.js'
import type { JournalFile } from './journal-file.js'
import { encodeEvent } from './record.js'

/** Batches and bytes that may wait for the disk; beyond that a commit is refused. */
const queuedBatches = 20_000
const queuedBytes = 64 * 2 ** 20

interface Write {
  events: { seq: number; bytes: Buffer }[]
  documents: { key: string[]; bytes: Buffer | undefined }[]
  size: number
  resolve(): void
  reject(error: unknown): void
}

/** Group commit: while one write is flushed, the batches that come are gathered and become the next one together. */
export class Writer {
  readonly #file: JournalFile
  readonly #room: () => Promise<void> | undefined
  #queue: Write[] = []
  #size = 0
  #running: Promise<void> | undefined
  /** The newest durable seq, and the newest that was taken. */
  #last: number
  #taken: number
  #refusal: Error | undefined

  /** `room` is asked before each write, and waited for: so the file cannot grow faster than it is tidied up. */
  constructor(file: JournalFile, last: number, room: () => Promise<void> | undefined) {
    this.#file = file
    this.#room = room
    this.#last = this.#taken = last
  }

  get last(): number {
    return this.#last
  }

  /** Whether writes are taken. */
  get refusal(): Error | undefined {
    return this.#refusal
  }

  commit(batch: Batch): Promise<void> {
    try {
      if (this.#refusal) throw this.#refusal
      this.#checkRoom()
      this.#checkSeq(batch)
      return this.#take(encode(batch))
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }

  /** Refuses what comes, and resolves when what was taken is settled. */
  async close(): Promise<void> {
    this.#refusal ??= closed()
    await this.#running
  }

  #checkRoom(): void {
    if (this.#queue.length < queuedBatches && this.#size < queuedBytes) return
    throw new UnavailableError('STORAGE_BUSY', `${this.#queue.length} writes wait for the disk already`, {
      hint: 'Ask again in a moment; if it lasts, the disk of the data folder is too slow or stuck.',
    })
  }

  #checkSeq({ events }: Batch): void {
    for (const [index, { seq }] of events.entries()) {
      const wanted = this.#taken + 1 + index
      if (seq === wanted) continue
      throw new InputError('STORAGE_SEQ', `an event with seq ${seq} was given where ${wanted} is the next`, {
        hint: 'One writer numbers the events, from last() + 1 without a gap.',
      })
    }
  }

  #take(write: Omit<Write, 'resolve' | 'reject'>): Promise<void> {
    this.#taken += write.events.length
    this.#size += write.size
    return new Promise((resolve, reject) => {
      this.#queue.push({ ...write, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  async #run(): Promise<void> {
    // Callers of this very moment join the first write.
    await Promise.resolve()
    while (this.#queue.length > 0) {
      await this.#room()
      const group = this.#queue
      this.#queue = []
      this.#size = 0
      try {
        await writeTogether(this.#file.environment, () => this.#put(group))
        this.#last = group.findLast(({ events }) => events.length > 0)?.events.at(-1)!.seq ?? this.#last
        for (const { resolve } of group) resolve()
      } catch (error) {
        this.#fail(group, error)
      }
    }
    this.#running = undefined
  }

  #put(group: Write[]): void {
    const { events, documents } = this.#file
    for (const write of group) {
      for (const { seq, bytes } of write.events) void events.put(seq, bytes)
      for (const { key, bytes } of write.documents) {
        if (bytes) void documents.put(key, bytes)
        else void documents.remove(key)
      }
    }
  }

  /** Whoever waits behind a failed write goes on from seqs that never came to be, so all of them fail with it. */
  #fail(group: Write[], cause: unknown): void {
    const error = writeError(cause)
    if (!isFull(cause)) this.#refusal ??= error
    const waiting = this.#queue
    this.#queue = []
    this.#size = 0
    this.#taken = this.#last
    for (const { reject } of [...group, ...waiting]) reject(error)
  }
}

/** Everything that can be refused is refused here: in the write itself nothing may throw. */
function encode({ events, documents }: Batch): Omit<Write, 'resolve' | 'reject'> {
  const write = {
    events: events.map((event) => ({ seq: event.seq, bytes: encodeEvent(event) })),
    documents: documents.map(({ collection, key, value }) => ({
      key: documentKey(collection, key),
      bytes: value === undefined ? undefined : Buffer.from(JSON.stringify(value)),
    })),
  }
  const sizes = [...write.events, ...write.documents].map(({ bytes }) => bytes?.length ?? 0)
  return { ...write, size: sizes.reduce((sum, size) => sum + size, 0) }
}

const longestKey = 1_000

/** A document's key on disk; refuses with STORAGE_KEY what LMDB cannot hold. */
export function documentKey(collection: string, key: string): string[] {
  const bytes = Buffer.byteLength(collection) + Buffer.byteLength(key)
  if (
    collection === '' ||
    key === '' ||
    bytes > longestKey ||
    collection.includes('\0') ||
    key.includes('\0')
  ) {
    throw new InputError(
      'STORAGE_KEY',
      `a document cannot have the key ${JSON.stringify(key.slice(0, 100))}`,
      {
        hint: `A collection and a key are 1 to ${longestKey} bytes of text together, without NUL.`,
      },
    )
  }
  return [collection, key]
}
