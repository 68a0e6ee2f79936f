import type { LogLine } from '@longshore/core'

/** Whose lines they are. */
export interface Origin {
  instance: string
  /** These two are absent where nobody knew when they were written. */
  deployment?: string
  name?: string
}

/**
 * Lines in columns, in the order in which they came. Each has a place in the archive: `first` and what follows, without
 * a gap within. Lines that were lost have their places too: before `first`.
 */
export interface Records {
  first: number
  origins: Origin[]
  /** Milliseconds since the epoch. */
  times: Float64Array
  /** An index into `origins`. */
  owners: Uint16Array
  /** An index into `streams`, and `partialFlag` where the line goes on in the next one of its stream. */
  flags: Uint8Array
  /** Each line's bytes and a newline. */
  text: Uint8Array
}

export const streams = ['stdout', 'stderr', 'note'] as const
export const partialFlag = 4
export const newline = 0x0a

/** Where each line's newline stands. */
export function lineEnds({ text, times }: Records): Uint32Array {
  const ends = new Uint32Array(times.length)
  for (let index = 0, at = -1; index < ends.length; index++) ends[index] = at = text.indexOf(newline, at + 1)
  return ends
}

export function linesOf(records: Records): LogLine[] {
  const ends = lineEnds(records)
  return Array.from(ends, (end, index) => ({
    time: records.times[index]!,
    instance: records.origins[records.owners[index]!]!.instance,
    stream: streams[records.flags[index]! & 3]!,
    bytes: records.text.subarray(index === 0 ? 0 : ends[index - 1]! + 1, end),
    partial: (records.flags[index]! & partialFlag) !== 0,
  }))
}

/** Lines that end: the parts of a long one are one. */
export function countLines({ flags }: Records): number {
  let count = 0
  for (const flag of flags) if ((flag & partialFlag) === 0) count++
  return count
}

/** Those of the given indexes, which ascend. */
export function pick(records: Records, indexes: number[]): Records {
  if (indexes.length === records.times.length) return records
  const ends = lineEnds(records)
  const from = (index: number) => (index === 0 ? 0 : ends[index - 1]! + 1)
  const text = new Uint8Array(indexes.reduce((sum, index) => sum + ends[index]! + 1 - from(index), 0))
  let at = 0
  for (const index of indexes) {
    text.set(records.text.subarray(from(index), ends[index]! + 1), at)
    at += ends[index]! + 1 - from(index)
  }
  return {
    first: records.first,
    origins: records.origins,
    times: Float64Array.from(indexes, (index) => records.times[index]!),
    owners: Uint16Array.from(indexes, (index) => records.owners[index]!),
    flags: Uint8Array.from(indexes, (index) => records.flags[index]!),
    text,
  }
}

/** In time order; equal times stay as they came. Lines of several instances reach the archive almost so. */
export function inOrder(records: Records): Records {
  const { times } = records
  if (times.every((time, index) => index === 0 || time >= times[index - 1]!)) return records
  const order = Array.from(times.keys()).sort((a, b) => times[a]! - times[b]! || a - b)
  const ends = lineEnds(records)
  const text = new Uint8Array(records.text.length)
  let at = 0
  for (const index of order) {
    const line = records.text.subarray(index === 0 ? 0 : ends[index - 1]! + 1, ends[index]! + 1)
    text.set(line, at)
    at += line.length
  }
  return {
    first: records.first,
    origins: records.origins,
    times: Float64Array.from(order, (index) => times[index]!),
    owners: Uint16Array.from(order, (index) => records.owners[index]!),
    flags: Uint8Array.from(order, (index) => records.flags[index]!),
    text,
  }
}
