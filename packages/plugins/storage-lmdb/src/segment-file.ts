import { closeSync, fsyncSync, openSync, rmSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { openEnvironment, table, type Environment, type Table } from './client.js'
import { damaged } from './errors.js'

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

/** What lies in a segment's file. */
export interface SegmentFile {
  environment: Environment
  /** Blocks by the rank of their first event. In a segment of format 1: each event by its offset. */
  events: Table<number>
  /** Offsets of the events that carry a word, by `wordKey`; and the lists of `listKeys`. */
  index: Table<string>
}

/** `times`: when, by offset. `ranks`: the rank of each event, by offset; `starts`: the first rank of each block; neither is in a segment of format 1. */
export const listKeys = { times: 'times', ranks: 'ranks', starts: 'starts' } as const

export function openSegmentFile(path: string, use: 'bulk' | 'read'): SegmentFile {
  const environment = openEnvironment(path, use)
  return {
    environment,
    events: table<number>(environment, 'events', 'uint32'),
    index: table<string>(environment, 'index'),
  }
}

/** LMDB takes no NUL and no endless key; what people may call themselves has either. */
export function wordKey(word: string): string {
  return word.replaceAll('\0', '\u2400').slice(0, 400)
}

export function segmentPath(folder: string, first: number): string {
  return join(folder, `${String(first).padStart(16, '0')}.mdb`)
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

/** Makes sure that the file's (or folder's) content is on the disk. */
export function flush(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

export async function crcOf(path: string): Promise<number> {
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
