import { mkdir, open, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { LogLine } from '../contracts/telemetry.js'
import type { Clock } from '../kernel/clock.js'
import { countLines, leave, listSegments, meet, newline, records, tell, type Live } from './segments.js'

type Stream = LogLine['stream']

/** Bytes of one record's share of a line; what is longer goes on in the next record. */
const recordBytes = 16 * 1024
/** Bytes that are written at once; a segment grows past its bound by at most so many. */
const batchBytes = 256 * 1024
/** Milliseconds after which the beginning of a line is written though its end has not come: a prompt shall be seen. */
const patience = 250
/** Bytes of a record besides its share of the line, at most. */
const headBytes = 36

export interface LineLogOptions {
  /** Bytes after which the next segment begins. */
  segmentBytes: number
  /** Segments that are kept, at least 2; the oldest is removed for a new one. */
  segments: number
  clock: Pick<Clock, 'now'>
}

/**
 * An append-only, bounded log of lines in segment files. A record is a line of the Kubernetes container log format
 * (the CRI's): `<RFC 3339 time> <stream> <F|P> <bytes>`, where P says that the line goes on in the next record of its
 * stream. What cannot be written is counted and told in a note once there is room again: a full disk never ends what
 * prints.
 */
export class LineLog {
  readonly #directory: string
  readonly #options: LineLogOptions
  readonly #live: Live
  /** Made by the first line: most logs of a host with many services are quiet. */
  #batch = Buffer.alloc(0)
  /** The beginning of each stream's unfinished line, as far as it is not written yet. */
  readonly #begun = new Map<Stream, Buffer>()
  #used = 0
  #batched = 0
  #lost = 0
  #cause = ''
  /** The heads of this millisecond's records. */
  readonly #heads = new Map<string, Buffer>()
  #now = NaN
  #file: FileHandle | undefined
  #queue: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #closed = false

  private constructor(directory: string, options: LineLogOptions) {
    this.#directory = directory
    this.#options = options
    this.#live = meet(directory, 'writers')
  }

  /** Opens a log to append to, one writer at a time; goes on after the last whole record. */
  static async open(directory: string, options: LineLogOptions): Promise<LineLog> {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const newest = (await listSegments(directory)).at(-1)
    const file = newest && (await open(join(directory, newest.name), 'a+', 0o600))
    let [size, lines] = [0, newest?.firstLine ?? 0]
    if (file) {
      for await (const chunk of records(file, 0)) {
        size = chunk.end
        lines += countLines(chunk.lines)
      }
      await file.truncate(size)
    }
    const log = new LineLog(directory, options)
    log.#file = file
    Object.assign(log.#live, { sequence: newest?.sequence ?? -1, size, lines })
    tell(log.#live)
    return log
  }

  /**
   * Resolves when its lines are written: await it before the next, that is the back-pressure. Never rejects; after
   * `close` nothing is written any more.
   */
  write(stream: Stream, chunk: Uint8Array | string): Promise<void> {
    const bytes = Buffer.from(chunk as Uint8Array)
    const whole =
      stream === 'note' && bytes.at(-1) !== newline ? Buffer.concat([bytes, Buffer.of(newline)]) : bytes
    return this.#after(async () => void (this.#closed || (await this.#take(stream, whole))))
  }

  /** Finishes the lines that were begun, and the log. */
  close(): Promise<void> {
    return this.#after(async () => {
      if (this.#closed) return
      this.#closed = true
      clearTimeout(this.#timer)
      for (const [stream, rest] of this.#begun) this.#put(stream, 'F', rest, 0, rest.length)
      await this.#flush()
      await this.#file?.close().catch(() => {})
      leave(this.#directory, this.#live, 'writers')
    })
  }

  #after(work: () => Promise<void>): Promise<void> {
    return (this.#queue = this.#queue.then(work))
  }

  async #take(stream: Stream, chunk: Buffer): Promise<void> {
    if (this.#batch.length === 0) this.#batch = Buffer.allocUnsafe(batchBytes)
    const begun = this.#begun.get(stream)
    const bytes = begun?.length ? Buffer.concat([begun, chunk]) : chunk
    let from = 0
    for (let at = bytes.indexOf(newline); at >= 0 || bytes.length - from > recordBytes;) {
      const last = at >= 0 && at - from <= recordBytes
      const end = last ? at : from + recordBytes
      if (this.#used + end - from + headBytes > batchBytes) await this.#flush()
      this.#put(stream, last ? 'F' : 'P', bytes, from, end)
      from = last ? end + 1 : end
      if (last) at = bytes.indexOf(newline, from)
    }
    const open = from < bytes.length || (begun !== undefined && from === 0)
    // A copy: a view would keep the whole chunk alive.
    if (open) this.#begun.set(stream, Buffer.from(bytes.subarray(from)))
    else this.#begun.delete(stream)
    if (from < bytes.length) this.#timer ??= setTimeout(() => void this.#after(() => this.#show()), patience)
    await this.#flush()
  }

  /** Writes what was begun; the line's end, even an empty one, follows in a record of its own. */
  async #show(): Promise<void> {
    this.#timer = undefined
    for (const [stream, rest] of this.#begun) {
      if (rest.length > 0) this.#put(stream, 'P', rest, 0, rest.length)
      this.#begun.set(stream, Buffer.alloc(0))
    }
    await this.#flush()
  }

  #put(stream: Stream, part: 'F' | 'P', bytes: Buffer, from: number, end: number): void {
    const head = this.#head(stream, part)
    // A loop: for so few bytes it takes a fraction of the time of a call that copies.
    for (let index = 0; index < head.length; index++) this.#batch[this.#used++] = head[index]!
    this.#used += bytes.copy(this.#batch, this.#used, from, end)
    this.#batch[this.#used++] = newline
    if (part === 'F') this.#batched++
  }

  #head(stream: Stream, part: 'F' | 'P'): Buffer {
    const now = this.#options.clock.now()
    const key = stream + part
    let head = now === this.#now ? this.#heads.get(key) : undefined
    if (head) return head
    if (now !== this.#now) this.#heads.clear()
    this.#now = now
    head = Buffer.from(`${new Date(now).toISOString()} ${stream} ${part} `)
    this.#heads.set(key, head)
    return head
  }

  async #flush(): Promise<void> {
    if (this.#used === 0) return
    const bytes = this.#batch.subarray(0, this.#used)
    const lines = this.#batched
    this.#used = this.#batched = 0
    try {
      if (!this.#file || this.#live.size >= this.#options.segmentBytes) await this.#rotate()
      // In one write with what follows: a note alone would often fit, and the log would fill with notes.
      if (this.#lost > 0) await this.#append(Buffer.concat([this.#note(), bytes]), lines + 1)
      else await this.#append(bytes, lines)
      this.#lost = 0
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      this.#cause =
        code === 'ENOSPC' || code === 'EDQUOT' ? 'the disk was full' : `they could not be written (${code})`
      this.#lost += lines
      // What was written of it by halves must not stand before the next record.
      await this.#file?.truncate(this.#live.size).catch(() => {})
    }
  }

  #note(): Buffer {
    return Buffer.concat([
      this.#head('note', 'F'),
      Buffer.from(`${this.#lost} lines were not kept: ${this.#cause}\n`),
    ])
  }

  async #append(bytes: Buffer, lines: number): Promise<void> {
    await this.#file!.appendFile(bytes)
    this.#live.size += bytes.length
    this.#live.lines += lines
    tell(this.#live)
  }

  async #rotate(): Promise<void> {
    await this.#file?.close()
    this.#file = undefined
    const kept = await listSegments(this.#directory)
    // Removed first, so that a log that fills the disk makes its own room.
    for (const { name } of kept.slice(0, Math.max(0, kept.length + 1 - this.#options.segments))) {
      await rm(join(this.#directory, name), { force: true })
    }
    const sequence = (kept.at(-1)?.sequence ?? 0) + 1
    const name = `${String(sequence).padStart(8, '0')}-${this.#live.lines}.log`
    this.#file = await open(join(this.#directory, name), 'a', 0o600)
    Object.assign(this.#live, { sequence, size: 0 })
  }
}
