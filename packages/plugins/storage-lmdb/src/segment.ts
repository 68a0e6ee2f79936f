import { basename } from 'node:path'
import type { Event } from '@longshore/core/protocol'
import { Blocks } from './blocks.js'
import type { Table } from './client.js'
import { damaged } from './errors.js'
import { decodeEvent } from './record.js'
import {
  checkSegment,
  listKeys,
  openSegmentFile,
  removeSegment,
  segmentPath,
  wordKey,
  type SegmentEntry,
  type SegmentFile,
} from './segment-file.js'
import type { Index, Offsets } from './words.js'

/** What an open segment reads from: its file, and its blocks unless it is of format 1. */
interface Open extends SegmentFile {
  blocks: Blocks | undefined
}

/** A file of events that never changes again. It may be opened, closed and opened again. */
export class Segment implements Index {
  readonly entry: SegmentEntry
  readonly #path: string
  #checked = false
  #open: Open | undefined

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
    this.#open ??= openToRead(this.#path)
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

  /** The events at the offsets, in their order. */
  read(offsets: readonly number[]): Event[] {
    const { events, blocks } = this.#opened
    if (blocks) return blocks.read(this.first, offsets)
    return offsets.map((offset) => {
      const bytes = events.getBinaryFast(offset)
      if (!bytes) throw damaged(basename(this.#path), `event ${this.first + offset} is not in it`)
      return decodeEvent(this.first + offset, bytes)
    })
  }

  offsets(word: string): Offsets | undefined {
    return shorts(this.#opened.index, wordKey(word))
  }

  times(): Offsets {
    const bytes = this.#opened.index.get(listKeys.times)
    if (!bytes) throw damaged(basename(this.#path), 'its times are not in it')
    return new Float64Array(aligned(bytes), 0, bytes.length / Float64Array.BYTES_PER_ELEMENT)
  }

  get #opened(): Open {
    if (!this.#open) throw new TypeError(`segment ${this.first} is not open`)
    return this.#open
  }
}

function openToRead(path: string): Open {
  const file = openSegmentFile(path, 'read')
  const ranks = shorts(file.index, listKeys.ranks)
  const starts = shorts(file.index, listKeys.starts)
  const blocks = ranks && starts && new Blocks(basename(path), file.events, ranks, starts)
  return { ...file, blocks }
}

function shorts(index: Table<string>, key: string): Uint16Array | undefined {
  const bytes = index.get(key)
  return bytes && new Uint16Array(aligned(bytes), 0, bytes.length / Uint16Array.BYTES_PER_ELEMENT)
}

/** A typed array needs its bytes at a multiple of its element's size. */
function aligned(bytes: Buffer): ArrayBuffer {
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer
}
