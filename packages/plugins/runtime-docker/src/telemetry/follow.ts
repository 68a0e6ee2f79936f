import { AwayError, LongshoreError } from '@longshore/core'
import type { Clock, LogFrame, LogQuery } from '@longshore/core'
import type { Engine } from '../client.js'
import { isFault } from '../errors.js'
import type { Unread } from '../engine/unread.js'
import { readKept, stampOf, type Readers } from './reader.js'
import { LogFile, type Read } from './log-file.js'
import { isSame, type Line } from './records.js'
import type { Place, Ring } from './ring.js'
import { apart } from './seek.js'

/** Milliseconds before a lost engine is asked again: doubled each time. Who removes a container waits for those who read it. */
const pauses = { first: 250, longest: 2_000 }

/** Times that the engine is asked for what is kept before one reads alone. */
const enough = 3

export interface Following {
  engine: Engine
  readers: Readers
  clock: Clock
  /** Resolves when the container was started again or removed, or the signal aborts. */
  moved(id: string, signal: AbortSignal): Promise<void>
  /** Resolves when it does not run, and all that it printed is written down; or the signal aborts. */
  ended(id: string, signal: AbortSignal): Promise<void>
  /** Told what is not read yet, for one who keeps it. */
  unread?: Unread | undefined
}

/** What is kept of a container's log; ends at the end of what is there. A container that is removed meanwhile ends there. */
export async function* readOnce(
  engine: Engine,
  id: string,
  query: LogQuery,
  signal: AbortSignal,
): AsyncGenerator<LogFrame> {
  const until = query.until === undefined ? undefined : stampOf({ time: query.until, nanos: 0 }, -2)
  const options = { ...asked(query), until, follow: false, whole: true }
  try {
    for await (const lines of readKept(engine, id, options, signal)) yield* framed(lines, query)
  } catch (error) {
    if (!signal.aborted && !isFault(error, 'missing')) throw error
  }
}

/** Reads a container's log and stays for what comes, over its own restarts and the engine's, until it is removed. */
export class Follower {
  readonly #tools: Following
  readonly #id: string
  readonly #signal: AbortSignal
  /** It looks at the last lines and at what comes; else it keeps all. */
  readonly #looks: boolean
  #query: LogQuery
  /** The last line that was read, whether it was wanted or not. */
  #last: Line | undefined
  #caughtUp = false
  #file: LogFile | undefined
  #allRead: (() => void) | undefined

  constructor(tools: Following, id: string, query: LogQuery, signal: AbortSignal) {
    this.#tools = tools
    this.#id = id
    this.#query = query
    this.#looks = query.tail !== undefined
    this.#signal = signal
  }

  async *frames(): AsyncGenerator<LogFrame> {
    try {
      yield* this.#frames()
    } finally {
      this.#allRead?.()
      await this.#file?.close()
    }
  }

  async *#frames(): AsyncGenerator<LogFrame> {
    const { engine, readers, clock, moved, unread } = this.#tools
    let pause = pauses.first
    while (!this.#signal.aborted) {
      const round = new AbortController()
      this.#allRead ??= unread?.begin(this.#id)
      const again = moved(this.#id, AbortSignal.any([this.#signal, round.signal]))
      try {
        this.#file ??= await LogFile.open(await engine.inspect(this.#id))
        if (this.#file) yield* this.#readFile(this.#file, round.signal)
        else for await (const ring of readers.join(this.#id)) yield* this.#read(ring)
        if (!(await this.#isUp())) {
          this.#allRead?.()
          this.#allRead = undefined
          await again
        }
        pause = pauses.first
      } catch (error) {
        if (this.#signal.aborted || isFault(error, 'missing')) return
        if (!passes(error)) throw error
        yield* this.#meet()
        await clock.sleep(pause, this.#signal).catch(() => undefined)
        pause = Math.min(2 * pause, pauses.longest)
      } finally {
        round.abort()
      }
    }
  }

  /** First what was turned away of it, as far as it is wanted; then the file, to the container's end. */
  async *#readFile(file: LogFile, round: AbortSignal): AsyncGenerator<LogFrame> {
    const signal = AbortSignal.any([this.#signal, round])
    const ended = this.#tools.ended(this.#id, signal)
    const fresh = after(file.placed ? undefined : this.#last)
    if (!file.placed) await file.seek(this.#begin)
    if (file.caughtUp) yield* this.#meet()
    for await (const read of file.read(ended, this.#looks, signal)) {
      if (read) yield* this.#told(read, fresh(read.lines))
      if (!read || file.caughtUp) yield* this.#meet()
    }
  }

  /** Where a file is to be read from. */
  get #begin(): { since?: number | undefined; tail?: number | undefined } {
    if (this.#last) return { since: this.#last.time }
    return this.#looks && this.#caughtUp ? { tail: 0 } : this.#query
  }

  *#told({ skip, unread }: Read, lines: Line[]): Generator<LogFrame> {
    this.#last = lines.at(-1) ?? this.#last
    if (unread > 0) yield { lines: [], skipped: unread }
    for (const frame of framed(lines, this.#query)) {
      if (!skip) yield frame
      else yield { lines: [], skipped: frame.lines.filter(({ partial }) => !partial).length }
    }
  }

  /** First what is kept, until the ring has its last line; then the ring, to its end. */
  async *#read(ring: Ring): AsyncGenerator<LogFrame> {
    const place = yield* this.#approach(ring)
    yield* this.#meet()
    if (!place) return
    while (!this.#signal.aborted) {
      const frame = ring.read(place, this.#query.stream)
      if (frame) {
        const lines = frame.lines as Line[]
        this.#last = lines.at(-1) ?? this.#last
        if (frame.skipped > 0) yield { lines: [], skipped: frame.skipped }
        yield* framed(lines, this.#query)
      } else if (ring.ended?.error) throw ring.ended.error
      else if (ring.ended) return
      else await ring.changed(this.#signal)
    }
  }

  /**
   * Reads what is kept, again while the ring moves on too far meanwhile. Without a place there is nothing more to read: one
   * that does not catch up with the ring has read the log by itself.
   */
  async *#approach(ring: Ring): AsyncGenerator<LogFrame, Place | undefined> {
    for (let round = 1; ; round++) {
      const [gone, first] = [ring.gone, ring.first()]
      const alone = round > enough
      if (alone) yield* this.#meet()
      yield* this.#kept(alone)
      if (alone) return undefined
      const last = this.#last
      if (!last && ring.gone === gone) return first
      const place = last && (await this.#find(last, ring, gone))
      if (place) return place
      if (ring.ended || this.#signal.aborted) return undefined
    }
  }

  /** The engine tells the ring of a line a little later than it keeps it, unless the line was there and is gone. */
  async #find(last: Line, ring: Ring, gone: number): Promise<Place | undefined> {
    for (;;) {
      const place = ring.after(last)
      if (place || ring.gone !== gone || ring.ended || this.#signal.aborted) return place
      await ring.changed(this.#signal)
    }
  }

  /** What is kept after the last line that was read; with `follow` also what comes, until the container ends. */
  async *#kept(follow = false): AsyncGenerator<LogFrame> {
    const last = this.#last
    // The streams are stamped apart: what was written after the last line may bear a time that is a little earlier.
    const range = last ? { since: stampOf(last, 1) } : asked(this.#query)
    const fresh = after(last)
    const kept = readKept(this.#tools.engine, this.#id, { ...range, follow, whole: follow }, this.#signal)
    for await (const all of kept) {
      const lines = fresh(all)
      this.#last = lines.at(-1) ?? this.#last
      if (last || this.#query.tail !== 0) yield* framed(lines, this.#query)
    }
  }

  /** Says once, by an empty frame, that what was there has been read. */
  *#meet(): Generator<LogFrame> {
    if (this.#caughtUp) return
    this.#caughtUp = true
    this.#query = { ...this.#query, tail: undefined }
    yield { lines: [], skipped: 0 }
  }

  async #isUp(): Promise<boolean> {
    const { Running, Restarting } = (await this.#tools.engine.inspect(this.#id)).State
    return Running || Restarting
  }
}

/** What of a query the engine can answer by itself: its `tail` counts before anything is left out. */
function asked({ since, until, stream, tail }: LogQuery): { since?: string; tail?: number } {
  return {
    ...(since !== undefined && { since: stampOf({ time: since, nanos: (since % 1_000) * 1e6 }) }),
    // One more than none, so that it is known where the log was then.
    ...(tail !== undefined && until === undefined && !stream && { tail: Math.max(tail, 1) }),
  }
}

/**
 * Answers, of lines that begin a little before one that was read last, those that come after it; where that one is gone,
 * those that are surely younger.
 */
function after(last: Line | undefined): (lines: Line[]) => Line[] {
  let found = last === undefined
  const isNext = ({ time }: Line) => time > last!.time + apart
  return (lines) => {
    if (found) return lines
    const same = lines.findIndex((line) => isSame(line, last!))
    const next = same < 0 ? lines.findIndex(isNext) : same + 1
    found = next >= 0
    return found ? lines.slice(next) : []
  }
}

function* framed(lines: Line[], query: LogQuery): Generator<LogFrame> {
  const { stream, since = -Infinity, until = Infinity } = query
  const all = stream === undefined && query.since === undefined && query.until === undefined
  const wanted = all
    ? lines
    : lines.filter(
        (line) => (stream ?? line.stream) === line.stream && line.time >= since && line.time <= until,
      )
  if (wanted.length > 0) yield { lines: wanted, skipped: 0 }
}

/** Whether the engine went away or goes: it is asked again. */
function passes(error: unknown): boolean {
  if (!(error instanceof LongshoreError) || error instanceof AwayError) return true
  const status = Number(error.data?.['status'])
  return status >= 500 && status !== 501
}
