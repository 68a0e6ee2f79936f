import { statSync } from 'node:fs'
import { packBlocks, type Block } from './blocks.js'
import { putLast, writeTogether } from './client.js'
import { decodeEvent } from './record.js'
import {
  crcOf,
  flush,
  listKeys,
  openSegmentFile,
  removeSegment,
  segmentPath,
  wordKey,
  type SegmentEntry,
  type SegmentFile,
} from './segment-file.js'
import { WordIndex } from './words.js'

/** Entries and blocks that are written in one turn: a few milliseconds of work, so that others get theirs. */
const entriesAtOnce = 1_000
const blocksAtOnce = 16

/** Events as they lie on disk, by seq: in pieces, with a turn for others between two, and one by one. */
export interface RawEvents {
  pieces(from: number, to: number): AsyncIterable<Buffer[]>
  one(seq: number): Buffer
}

/**
 * Writes a new segment of the events from `first` to `last`, and flushes it. Nothing refers to the file before the
 * catalogue does, so what a crash leaves of it is removed at the next start.
 */
export async function writeSegment(
  folder: string,
  first: number,
  last: number,
  raw: RawEvents,
): Promise<SegmentEntry> {
  const path = segmentPath(folder, first)
  removeSegment(path)
  try {
    const times = await fillSegment(path, first, last, raw)
    flush(path)
    flush(folder)
    const [since, until] = extremes(times)
    return { first, last, since, until, bytes: statSync(path).size, crc: await crcOf(path) }
  } catch (error) {
    // On a full disk its half would take the room that others need.
    removeSegment(path)
    throw error
  }
}

/** Answers the times of the events that it wrote. */
async function fillSegment(path: string, first: number, last: number, raw: RawEvents): Promise<number[]> {
  const words = new WordIndex()
  for await (const piece of raw.pieces(first, last)) {
    for (const bytes of piece) words.add(decodeEvent(first + words.size, bytes))
  }
  const file = openSegmentFile(path, 'bulk')
  try {
    const order = words.byService()
    const starts = await writeBlocks(file, order, (offset) => raw.one(first + offset))
    const ranks = new Uint16Array(order.length)
    for (const [rank, offset] of order.entries()) ranks[offset] = rank
    await writeIndex(file, [
      [listKeys.times, Float64Array.from(words.times())],
      [listKeys.ranks, ranks],
      [listKeys.starts, Uint16Array.from(starts)],
      ...[...words.words].map(([word, offsets]) => [wordKey(word), Uint16Array.from(offsets)] as const),
    ])
    return words.times()
  } finally {
    await file.environment.close()
  }
}

/** Answers the first rank of each block. */
async function writeBlocks(
  { environment, events }: SegmentFile,
  order: number[],
  read: (offset: number) => Buffer,
): Promise<number[]> {
  const starts: number[] = []
  let some: Block[] = []
  const write = async () => {
    await writeTogether(environment, () => {
      for (const { rank, bytes } of some) putLast(events, rank, bytes)
    })
    some = []
  }
  for (const block of packBlocks(order, read)) {
    starts.push(block.rank)
    if (some.push(block) === blocksAtOnce) await write()
  }
  await write()
  return starts
}

async function writeIndex(
  { environment, index }: SegmentFile,
  lists: (readonly [key: string, Uint16Array | Float64Array])[],
): Promise<void> {
  const sorted = lists.sort(([a], [b]) => (a < b ? -1 : 1))
  for (let from = 0; from < sorted.length; from += entriesAtOnce) {
    await writeTogether(environment, () => {
      for (const [key, numbers] of sorted.slice(from, from + entriesAtOnce))
        void index.put(key, bytesOf(numbers))
    })
  }
}

function bytesOf(numbers: Uint16Array | Float64Array): Buffer {
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength)
}

function extremes(times: number[]): [since: number, until: number] {
  return times.reduce(
    ([since, until], time) => [Math.min(since, time), Math.max(until, time)],
    [Infinity, -Infinity],
  )
}
