import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { LogFrame, LogLine } from '../contracts/telemetry.js'
import { changed, countLines, leave, listSegments, meet, records } from './segments.js'
import type { Live, Segment } from './segments.js'

export interface LineQuery {
  stream?: LogLine['stream']
  /** Milliseconds since the epoch, both inclusive. */
  since?: number
  until?: number
  /** Only the last so many lines of what is there already. */
  tail?: number
  /** Stay for what comes: until the signal aborts, or only until this process, which writes the log, closes it. */
  follow?: 'always' | 'open'
}

/**
 * Reads a log in the order in which it was written, also while it is written. A reader holds one chunk, however long
 * the log is; it is told how many lines it missed, because it came later than the removal of old segments. Ends when the
 * signal aborts. One that follows gets an empty frame when it has read all that was there. Every line bears the name that is given as `instance`.
 */
export async function* readLines(
  directory: string,
  query: LineQuery,
  signal: AbortSignal,
  instance = '',
): AsyncGenerator<LogFrame> {
  const live = meet(directory, 'readers')
  try {
    const stop = query.follow ? undefined : await endOf(directory, live)
    const cursor = await beginning(directory, query, stop)
    while (!signal.aborted) {
      const { version, writers } = live
      const segment = (await listSegments(directory)).find((each) => each.sequence >= cursor.sequence)
      if (segment) {
        const skipped =
          Math.min(segment.firstLine, stop?.lines ?? Infinity) - (cursor.line ?? segment.firstLine)
        if (skipped > 0) yield { lines: [], skipped }
        // Lines to pass over were counted in segments that are gone by now: those that follow are wanted.
        if (cursor.sequence > 0 && segment.sequence > cursor.sequence) cursor.drop = 0
        Object.assign(cursor, { sequence: segment.sequence, line: segment.firstLine })
        if (stop && segment.sequence > stop.sequence) return
        if (!(yield* readSegment(directory, segment, cursor, { live, query, stop, signal, instance }))) return
      } else if (stop || (query.follow === 'open' && writers === 0)) return
      else yield* wait(cursor, live, version, signal)
    }
  } finally {
    leave(directory, live, 'readers')
  }
}

/** Where a reader stands: the segment, the number of the next line in it, the matching lines to pass over for `tail`. */
interface Cursor {
  sequence: number
  line: number | undefined
  drop: number
  /** Everything that was there when it began has been read. */
  caughtUp: boolean
}

/** Where a reader that does not follow ends: what is there when it begins. */
interface Stop {
  sequence: number
  size: number
  lines: number
}

async function endOf(directory: string, live: Live): Promise<Stop> {
  if (live.writers > 0) return { sequence: live.sequence, size: live.size, lines: live.lines }
  const newest = (await listSegments(directory)).at(-1)
  return { sequence: newest?.sequence ?? -1, size: Infinity, lines: Infinity }
}

/**
 * The first line that there ever was: whoever asks for all misses those that are gone, but not who asks for the last
 * ones or for those since a time. For the last ones it goes back from the newest segment until it has found them.
 */
async function beginning(directory: string, query: LineQuery, stop: Stop | undefined): Promise<Cursor> {
  const line = query.since === undefined ? 0 : undefined
  if (query.tail === undefined) return { sequence: 0, line, drop: 0, caughtUp: false }
  let found = 0
  let sequence = 0
  for (const segment of (await listSegments(directory)).reverse()) {
    if (stop && segment.sequence > stop.sequence) continue
    const file = await open(join(directory, segment.name)).catch(() => undefined)
    if (!file) break
    sequence = segment.sequence
    try {
      const to = segment.sequence === stop?.sequence ? stop.size : undefined
      for await (const { lines } of records(file, 0, to))
        found += countLines(lines.filter((each) => matches(each, query)))
    } finally {
      await file.close()
    }
    if (found >= query.tail) break
  }
  return { sequence, line: undefined, drop: Math.max(0, found - query.tail), caughtUp: false }
}

interface Reading {
  live: Live
  query: LineQuery
  stop: Stop | undefined
  signal: AbortSignal
  instance: string
}

/** Reads one segment to its end, waiting there while it grows; answers whether another may follow. */
async function* readSegment(
  directory: string,
  segment: Segment,
  cursor: Cursor,
  { live, query, stop, signal, instance }: Reading,
): AsyncGenerator<LogFrame, boolean> {
  const file = await open(join(directory, segment.name)).catch(() => undefined)
  if (!file) return true
  let offset = 0
  try {
    while (!signal.aborted) {
      // Looked at before the rest is read: a segment that was not the newest then does not grow any more.
      const { version, writers, sequence, size } = live
      const grows = writers > 0 && sequence === segment.sequence
      const newest = writers > 0 ? sequence : (await listSegments(directory)).at(-1)!.sequence
      const to = stop?.sequence === segment.sequence ? stop.size : grows ? size : undefined
      for await (const chunk of records(file, offset, to, instance)) {
        offset = chunk.end
        cursor.line! += countLines(chunk.lines)
        const lines = chunk.lines.filter((each) => matches(each, query) && !dropped(each, cursor))
        if (lines.length > 0) yield { lines, skipped: 0 }
        if (signal.aborted) return false
      }
      if (newest > segment.sequence) break
      if (stop || (query.follow === 'open' && writers === 0)) return false
      yield* wait(cursor, live, version, signal)
    }
  } finally {
    await file.close()
  }
  cursor.sequence = segment.sequence + 1
  return !signal.aborted
}

/** Waits for the next change; the first time it says, by an empty frame, that the reader has caught up. */
async function* wait(
  cursor: Cursor,
  live: Live,
  version: number,
  signal: AbortSignal,
): AsyncGenerator<LogFrame> {
  if (!cursor.caughtUp) yield { lines: [], skipped: 0 }
  cursor.caughtUp = true
  await changed(live, version, signal)
}

function matches(line: LogLine, { stream, since = -Infinity, until = Infinity }: LineQuery): boolean {
  return (stream === undefined || line.stream === stream) && line.time >= since && line.time <= until
}

function dropped(line: LogLine, cursor: Cursor): boolean {
  if (cursor.drop === 0) return false
  if (!line.partial) cursor.drop--
  return true
}
