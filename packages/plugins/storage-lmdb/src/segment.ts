import { openSync, closeSync, fsyncSync, rmSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { Event } from '@longshore/core/protocol'
import { openEnvironment, putLast, table, writeTogether, type Environment, type Table } from './client.js'
import { damaged } from './errors.js'
import { decodeEvent } from './record.js'
import { WordIndex, type Index, type Offsets } from './words.js'

/** What the catalogue knows of a sealed segment: enough to skip it, and to see that its file is the one written. */
export interface SegmentEntry {
  /** Its first and last seq. */
  first: number
  last: number
  /** The earliest and the latest time in it: milliseconds since the epoch. */
  since: number
  until: number
  /** The size and the CRC-32 of its file. */
  bytes: number
  crc: number
}

const timesKey = 'times'
/** Events that are copied in one turn: a few milliseconds of work, so that others get theirs. */
const copyAtOnce = 1_000

/** A file of events that never changes again. It may be opened, closed and opened again. */
export class Segment implements Index {
  readonly entry: SegmentEntry
  readonly #path: string
  #checked = false
  #open: { environment: Environment; events: Table<number>; index: Table<string> } | undefined

  constructor(folder: string, entry: SegmentEntry) {
    this.entry = entry
    this.#path = segmentPath(folder, entry.first)
  }

  get first(): number {
    return this.entry.first
  }

  get last(): number {
    return this.entry.last
  }

  get isOpen(): boolean {
    return this.#open !== undefined
  }

  /** Opens it; the first time its every byte is checked before LMDB sees any. */
  async open(): Promise<void> {
    if (this.#open) return
    if (!this.#checked) await checkSegment(this.#path, this.entry)
    this.#checked = true
    // Whoever asked at the same time may have opened it meanwhile.
    this.#open ??= openTables(this.#path, 'read')
  }

  async close(): Promise<void> {
    const environment = this.#open?.environment
    this.#open = undefined
    await environment?.close()
  }

  async remove(): Promise<void> {
    await this.close()
    removeSegment(this.#path)
  }

  read(offset: number): Event {
    const bytes = this.#tables.events.getBinaryFast(offset)
    if (!bytes) throw damaged(basename(this.#path), `event ${this.first + offset} is not in it`)
    return decodeEvent(this.first + offset, bytes)
  }

  offsets(word: string): Offsets | undefined {
    const bytes = this.#tables.index.get(indexKey(word))
    return bytes && new Uint16Array(aligned(bytes), 0, bytes.length / Uint16Array.BYTES_PER_ELEMENT)
  }

  times(): Offsets {
    const bytes = this.#tables.index.get(timesKey)
    if (!bytes) throw damaged(basename(this.#path), 'its times are not in it')
    return new Float64Array(aligned(bytes), 0, bytes.length / Float64Array.BYTES_PER_ELEMENT)
  }

  get #tables(): { events: Table<number>; index: Table<string> } {
    if (!this.#open) throw new TypeError(`segment ${this.first} is not open`)
    return this.#open
  }
}

export function segmentPath(folder: string, first: number): string {
  return join(folder, `${String(first).padStart(16, '0')}.mdb`)
}

/**
 * Writes a new segment from raw events in order, and flushes it. Nothing refers to the file before the catalogue does,
 * so what a crash leaves of it is removed at the next start.
 */
export async function writeSegment(
  folder: string,
  first: number,
  chunks: AsyncIterable<Buffer[]>,
): Promise<SegmentEntry> {
  const path = segmentPath(folder, first)
  removeSegment(path)
  try {
    const times = await fillSegment(path, first, chunks)
    flush(path)
    flush(folder)
    const [since, until] = extremes(times)
    const last = first + times.length - 1
    return { first, last, since, until, bytes: statSync(path).size, crc: await crcOf(path) }
  } catch (error) {
    // On a full disk its half would take the room that others need.
    removeSegment(path)
    throw error
  }
}

/** Answers the times of the events that it wrote. */
async function fillSegment(path: string, first: number, chunks: AsyncIterable<Buffer[]>): Promise<number[]> {
  const { environment, events, index } = openTables(path, 'bulk')
  const words = new WordIndex()
  try {
    for await (const chunk of chunks) {
      const start = words.size
      for (const [at, bytes] of chunk.entries()) words.add(decodeEvent(first + start + at, bytes))
      await writeTogether(environment, () => {
        for (const [at, bytes] of chunk.entries()) putLast(events, start + at, bytes)
      })
    }
    await writeIndex(environment, index, words.words, words.times())
    return words.times()
  } finally {
    await environment.close()
  }
}

/** Removes a segment's file and LMDB's lock file beside it. */
export function removeSegment(path: string): void {
  for (const file of [path, `${path}-lock`]) rmSync(file, { force: true })
}

/** Refuses with STORAGE_DAMAGED a file that is not, byte for byte, the one that was written. */
export async function checkSegment(path: string, entry: SegmentEntry): Promise<void> {
  const name = basename(path)
  const size = statSync(path, { throwIfNoEntry: false })?.size
  if (size === undefined) throw damaged(name, 'it is gone')
  if (size !== entry.bytes) throw damaged(name, `it has ${size} bytes instead of ${entry.bytes}`)
  if ((await crcOf(path)) !== entry.crc) throw damaged(name, 'its check sum is wrong')
}

function openTables(path: string, use: 'bulk' | 'read') {
  const environment = openEnvironment(path, use)
  return {
    environment,
    events: table<number>(environment, 'events', 'uint32'),
    index: table<string>(environment, 'index'),
  }
}

/** LMDB takes no NUL and no endless key; what people may call themselves has either. */
function indexKey(word: string): string {
  return word.replaceAll('\0', '\u2400').slice(0, 400)
}

async function writeIndex(
  environment: Environment,
  index: Table<string>,
  words: Map<string, number[]>,
  times: number[],
): Promise<void> {
  await writeTogether(environment, () => {
    void index.put(timesKey, bytesOf(Float64Array.from(times)))
  })
  const sorted = [...words].sort(([a], [b]) => (a < b ? -1 : 1))
  for (let from = 0; from < sorted.length; from += copyAtOnce) {
    await writeTogether(environment, () => {
      for (const [word, offsets] of sorted.slice(from, from + copyAtOnce)) {
        void index.put(indexKey(word), bytesOf(Uint16Array.from(offsets)))
      }
    })
  }
}

function bytesOf(numbers: Uint16Array | Float64Array): Buffer {
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength)
}

/** A typed array needs its bytes at a multiple of its element's size. */
function aligned(bytes: Buffer): ArrayBuffer {
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer
}

function extremes(times: number[]): [since: number, until: number] {
  return times.reduce(
    ([since, until], time) => [Math.min(since, time), Math.max(until, time)],
    [Infinity, -Infinity],
  )
}

/** Makes sure that the file's (or folder's) content is on the disk. */
export function flush(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

async function crcOf(path: string): Promise<number> {
  const file = await open(path)
  const buffer = Buffer.allocUnsafe(1 << 20)
  try {
    for (let crc = 0; ;) {
      const { bytesRead } = await file.read(buffer)
      if (bytesRead === 0) return crc
      crc = crc32(buffer.subarray(0, bytesRead), crc)
    }
  } finally {
    await file.close()
  }
}
