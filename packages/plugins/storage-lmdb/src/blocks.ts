import type { Event } from '@longshore/core/protocol'
import type { Table } from './client.js'
import { damaged } from './errors.js'
import { decodeEvent } from './record.js'
import { positionOf, type Offsets } from './words.js'

/*
 * How a segment keeps its events: in the order of their services, each with a rank in it, packed into blocks. A page
 * of one service's events then fetches some blocks; a record for each event would cost it a way down LMDB's tree and
 * a cold page of memory, a thousand times.
 *
 * A block holds for each event where it ends in the block (4 bytes, little-endian), then the events as `encodeEvent`
 * made them.
 */
const endSize = 4

/** A block up to this size fills pages of LMDB to the end: four, less the header of the first. */
const blockSize = 4 * 4096 - 24

/** A block and its key: the rank of its first event. */
export interface Block {
  rank: number
  bytes: Buffer
}

/** Packs the events at these offsets, in this order. An event that is larger than a block has one of its own. */
export function* packBlocks(order: Offsets, read: (offset: number) => Buffer): Generator<Block> {
  let events: Buffer[] = []
  let size = 0
  for (let rank = 0; rank < order.length; rank++) {
    const bytes = read(order[rank]!)
    if (events.length > 0 && size + endSize + bytes.length > blockSize) {
      yield { rank: rank - events.length, bytes: joined(events) }
      events = []
      size = 0
    }
    events.push(bytes)
    size += endSize + bytes.length
  }
  if (events.length > 0) yield { rank: order.length - events.length, bytes: joined(events) }
}

function joined(events: Buffer[]): Buffer {
  const ends = Buffer.alloc(events.length * endSize)
  let end = ends.length
  for (const [slot, { length }] of events.entries()) {
    end += length
    ends.writeUInt32LE(end, slot * endSize)
  }
  return Buffer.concat([ends, ...events], end)
}

/** The blocks of one segment. */
export class Blocks {
  readonly #table: Table<number>
  readonly #ranks: Offsets
  /** The first rank of each block, which is its key. */
  readonly #starts: Offsets

  readonly #file: string

  /** `ranks` is the rank of each event by its offset, `starts` the first rank of each block. */
  constructor(file: string, table: Table<number>, ranks: Offsets, starts: Offsets) {
    this.#file = file
    this.#table = table
    this.#ranks = ranks
    this.#starts = starts
  }

  /** The events at the offsets, in their order; `first` is the seq of the one at offset 0. */
  read(first: number, offsets: readonly number[]): Event[] {
    const events = new Array<Event>(offsets.length)
    for (const [number, positions] of this.#byBlock(offsets)) {
      const start = this.#starts[number]!
      const heads = ((this.#starts[number + 1] ?? this.#ranks.length) - start) * endSize
      // LMDB's own buffer, which its next read overwrites: all is decoded before.
      const bytes = this.#table.getBinaryFast(start)
      if (!bytes) throw damaged(this.#file, `block ${start} is not in it`)
      for (const position of positions) {
        const offset = offsets[position]!
        const at = (this.#ranks[offset]! - start) * endSize
        const from = at === 0 ? heads : bytes.readUInt32LE(at - endSize)
        events[position] = decodeEvent(first + offset, bytes, from, bytes.readUInt32LE(at))
      }
    }
    return events
  }

  /** Positions in the list by the block that holds them, so that each block is fetched once. */
  #byBlock(offsets: readonly number[]): Map<number, number[]> {
    const found = new Map<number, number[]>()
    for (let position = 0; position < offsets.length; position++) {
      const number = positionOf(this.#starts, this.#ranks[offsets[position]!]! + 1) - 1
      const positions = found.get(number)
      if (positions) positions.push(position)
      else found.set(number, [position])
    }
    return found
  }
}
