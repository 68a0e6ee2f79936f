import type { FileHandle } from 'node:fs/promises'
import { headOf, OlderFile } from './older-files.js'
import { offsetOfLast, offsetOfTime } from './seek.js'

/** From where on a log is read that lies in several files. Each try to find the place takes a new one. */
export interface Start {
  /** Asked first: the offset in the newest file; undefined when older ones are to be read before it. */
  inNewest(file: FileHandle): Promise<number | undefined>
  /** Asked of older ones, the newest first: how many records to leave out; undefined when those before are wanted too. */
  inOlder(file: OlderFile): Promise<number | undefined>
}

/** From a time on, in milliseconds of the epoch, or a little before; without one from the beginning. */
export function fromTime(since = -Infinity): Start {
  return {
    inNewest: (file) => offsetOfTime(file, since),
    inOlder: ({ begins }) => Promise.resolve(begins !== undefined && begins < since ? 0 : undefined),
  }
}

/** The last so many records. */
export function fromLast(records: number): Start {
  let lacking = records
  return {
    async inNewest(file) {
      const found = await offsetOfLast(file, records)
      lacking = found.lacking
      return lacking > 0 ? undefined : found.offset
    },
    async inOlder(file) {
      lacking -= await file.records()
      return lacking > 0 ? undefined : -lacking
    },
  }
}

/** What came after a file that was read to its end, and began like this. */
export function afterFile(head: Buffer): Start {
  return {
    inNewest: () => Promise.resolve(undefined),
    inOlder: (file) => Promise.resolve(file.beginsLike(head) ? Infinity : undefined),
  }
}

/** Where the reading begins. */
export interface Place {
  /** What is to be read first, the oldest first. */
  older: OlderFile[]
  /** How many records of the oldest are not wanted. */
  unwanted: number
  /** Where the newest file is then read. */
  offset: number
}

/**
 * Finds the place where a log begins that is in `newest` and in the files that were turned away before it. Right when
 * `newest` still has its name afterwards; else they have moved on meanwhile.
 */
export async function findPlace(path: string, newest: FileHandle, start: Start): Promise<Place> {
  const offset = await start.inNewest(newest)
  if (offset !== undefined) return { older: [], unwanted: 0, offset }
  const files: OlderFile[] = []
  let unwanted: number | undefined
  try {
    let after = await headOf(newest)
    // While they are renamed one number is free, and a file may be met again under the next one.
    for (let number = 1, missing = 0; missing < 2 && unwanted === undefined; number++) {
      const file = await OlderFile.open(path, number)
      missing = file ? 0 : missing + 1
      if (file?.beginsLike(after)) await file.close()
      else if (file) {
        files.unshift(file)
        after = file.head
        unwanted = await start.inOlder(file)
      }
    }
  } catch (error) {
    await Promise.all(files.map((file) => file.close()))
    throw error
  }
  return { older: files, unwanted: unwanted ?? 0, offset: 0 }
}
