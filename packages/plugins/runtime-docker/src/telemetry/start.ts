import type { FileHandle } from 'node:fs/promises'
import type { OlderFile } from './older-files.js'
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
