import { crc32 } from 'node:zlib'
import { makeFilter } from './filter.js'
import type { Origin, Records } from './records.js'

/**
 * A run of records as bytes: a head, the origins as JSON, the filter, and the body: columns and text, compressed or not.
 * Numbers are little-endian. The check sum covers all that follows it.
 */
export interface Head {
  /** Bytes of the whole block. */
  size: number
  sum: number
  compressed: boolean
  origins: number
  filter: number
  text: number
  body: number
  count: number
  first: number
  earliest: number
  latest: number
}

export const headBytes = 64
const magic = 0x3141534c
/** Bytes of one record in the columns. */
const columnBytes = 7
/** Milliseconds that one block may span: times are kept from its earliest one. */
export const longestSpan = 2 ** 32 - 1
/** Bytes that no block reaches: what says so is damaged. */
const largest = 64 * 2 ** 20

export function makeBody(records: Records, earliest: number): Buffer {
  const { times, owners, flags, text } = records
  const body = Buffer.allocUnsafe(times.length * columnBytes + text.length)
  const count = times.length
  for (let index = 0; index < count; index++) {
    body.writeUInt32LE(times[index]! - earliest, index * 4)
    body.writeUInt16LE(owners[index]!, count * 4 + index * 2)
  }
  body.set(flags, count * 6)
  body.set(text, count * columnBytes)
  return body
}

export function span({ times }: Records): { earliest: number; latest: number } {
  let [earliest, latest] = [Infinity, -Infinity]
  for (const time of times) {
    if (time < earliest) earliest = time
    if (time > latest) latest = time
  }
  return { earliest, latest }
}

/** A block of these records; `body` is what `makeBody` made, or that compressed. */
export function makeBlock(records: Records, body: Uint8Array, compressed: boolean): Buffer {
  const origins = Buffer.from(JSON.stringify(records.origins))
  const filter = compressed ? makeFilter(records.text) : new Uint8Array(0)
  const size = headBytes + origins.length + filter.length + body.length
  const { earliest, latest } = span(records)
  const head = Buffer.alloc(headBytes)
  const words = [magic, size, 0, Number(compressed), origins.length, filter.length]
  words.push(records.text.length, body.length, records.times.length)
  words.forEach((word, index) => head.writeUInt32LE(word, index * 4))
  ;[records.first, earliest, latest].forEach((value, index) => head.writeDoubleLE(value, 40 + index * 8))
  const block = Buffer.concat([head, origins, filter, body], size)
  block.writeUInt32LE(crc32(block.subarray(12)), 8)
  return block
}

/** The head of a block, or undefined where none stands. */
export function readHead(bytes: Buffer): Head | undefined {
  if (bytes.length < headBytes || bytes.readUInt32LE(0) !== magic) return undefined
  const [size, sum, codec, origins, filter, text, body, count] = [1, 2, 3, 4, 5, 6, 7, 8].map((index) =>
    bytes.readUInt32LE(index * 4),
  ) as [number, number, number, number, number, number, number, number]
  if (size > largest || text > largest || size !== headBytes + origins + filter + body) return undefined
  const [first, earliest, latest] = [40, 48, 56].map((at) => bytes.readDoubleLE(at)) as [
    number,
    number,
    number,
  ]
  return { size, sum, compressed: codec === 1, origins, filter, text, body, count, first, earliest, latest }
}

export function isWhole(block: Buffer, head: Head): boolean {
  return block.length >= head.size && crc32(block.subarray(12, head.size)) === head.sum
}

export function originsOf(block: Buffer, head: Head): Origin[] {
  return JSON.parse(block.toString('utf8', headBytes, headBytes + head.origins)) as Origin[]
}

export function filterOf(block: Buffer, head: Head): Uint8Array {
  const from = headBytes + head.origins
  return block.subarray(from, from + head.filter)
}

export function bodyOf(block: Buffer, head: Head): Buffer {
  return block.subarray(head.size - head.body, head.size)
}

/** The records of a block, from its body as `makeBody` made it. */
export function recordsOf(block: Buffer, head: Head, body: Buffer): Records {
  const { count, text } = head
  if (body.length !== count * columnBytes + text)
    throw new Error('a block has another length than its head says')
  const times = new Float64Array(count)
  const owners = new Uint16Array(count)
  for (let index = 0; index < count; index++) {
    times[index] = head.earliest + body.readUInt32LE(index * 4)
    owners[index] = body.readUInt16LE(count * 4 + index * 2)
  }
  return {
    first: head.first,
    origins: originsOf(block, head),
    times,
    owners,
    flags: body.subarray(count * 6, count * columnBytes),
    text: body.subarray(count * columnBytes),
  }
}
