import { mkdir, open, readFile, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { deflateRaw, type InputType, type ZlibOptions } from 'node:zlib'
import { Bell } from '@longshore/core'
import type { LogLine } from '@longshore/core'
import type { Known } from '../instances.js'
import { bodyOf, isWhole, longestSpan, makeBlock, makeBody, readHead, recordsOf, span } from './block.js'
import { OpenBlock } from './open-block.js'
import { linesOf, type Records } from './records.js'
import { listSegments, mend, segmentName, type Segment } from './segments.js'

export interface ArchiveOptions {
  /** The service's own folder. */
  directory: string
  /** Bytes on disk, at most. */
  size: number
  /** Milliseconds after which the next segment begins, so that age can remove the one before. */
  segmentAge: number
  /** The deployment that an instance is of, as far as it is known. */
  knownOf(instance: string): Promise<Known | undefined>
  /** Told once when lines cannot be kept, and once, with nothing, when they can again. */
  trouble(error: unknown): void
}

const deflate = promisify<InputType, ZlibOptions, Buffer>(deflateRaw)
/** Bytes of text that make a block. */
const blockBytes = 512 * 1024
/** Lines and instances that make one too, however short they are. */
const blockLines = 65_536
const blockOrigins = 1_000
/** Segments that the size is divided into: the step in which old lines go. */
const segments = 16

/**
 * The lines of one service, on disk for as long as age and size let them. The newest ones are in memory and, as they came, in
 * the file `open`; enough of them become a compressed block at the end of the newest segment. A crash costs what
 * was not written, which the source still has; a full disk costs what finds no room, which is counted.
 */
export class Archive {
  readonly #options: ArchiveOptions
  readonly #segments: Segment[]
  readonly #bell = new Bell()
  #open: OpenBlock
  /** The place up to which lines are in files. */
  #saved: number
  #file: FileHandle
  #fileBytes = 0
  #queue: Promise<void> = Promise.resolve()
  #troubled = false
  #closed = false

  private constructor(options: ArchiveOptions, segments: Segment[], file: FileHandle) {
    this.#options = options
    this.#segments = segments
    this.#file = file
    this.#saved = segments.at(-1)?.end ?? 0
    this.#open = new OpenBlock(this.#saved)
  }

  /** Opens what is there, cut to what is whole. */
  static async open(options: ArchiveOptions): Promise<Archive> {
    await mkdir(options.directory, { recursive: true, mode: 0o700 })
    const found = await listSegments(options.directory)
    const newest = found.at(-1)
    if (newest) await mend(newest)
    const path = join(options.directory, 'open')
    const bytes = await readFile(path).catch(() => Buffer.alloc(0))
    const archive = new Archive(options, found, await open(path, 'a', 0o600))
    archive.#fileBytes = archive.#takeUp(bytes)
    await archive.#file.truncate(archive.#fileBytes)
    return archive
  }

  /** The place of the oldest line that is kept, and that after the newest. */
  get first(): number {
    return this.#segments[0]?.first ?? this.#open.first
  }

  get end(): number {
    return this.#open.first + this.#open.count
  }

  /** The files as they are now, oldest first, and the lines after them. */
  get segments(): readonly Readonly<Segment>[] {
    return this.#segments.map((segment) => ({ ...segment }))
  }

  get newest(): OpenBlock {
    return this.#open
  }

  /** Adds lines, after so many that were lost. Resolves when they are written, or cannot be: await it before the next. */
  append(lines: LogLine[], skipped = 0): Promise<void> {
    return this.#after(async () => {
      if (this.#closed) return
      if (skipped > 0) await this.#seal(this.end + skipped)
      for (const line of lines) {
        if (this.#isFull(line)) await this.#seal()
        this.#open.add(line)
      }
      // Whoever waits shall see whose they are.
      await this.#name()
      if (lines.length + skipped > 0) this.#bell.ring()
      await this.#save()
    })
  }

  /** Resolves when there is more than up to that place, or when the signal aborts. */
  async more(place: number, signal: AbortSignal): Promise<void> {
    if (this.end <= place && !this.#closed) await this.#bell.heard(signal)
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Removes the segments whose latest line is older. */
  sweep(before: number): Promise<void> {
    return this.#after(async () => {
      if (this.#open.count > 0 && this.#open.latest! < before) await this.#seal()
      while (this.#segments.length > 0 && this.#segments[0]!.latest < before) await this.#removeOldest()
    })
  }

  close(): Promise<void> {
    return this.#after(async () => {
      if (this.#closed) return
      await this.#save()
      this.#closed = true
      await this.#file.close()
      this.#bell.ring()
    })
  }

  #after(work: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(work)
    this.#queue = done.catch(() => undefined)
    return done
  }

  #isFull({ time, bytes }: LogLine): boolean {
    const { bytes: used, count, origins, earliest = time } = this.#open
    if (count === 0) return false
    // Within half of what a block can span, so that no order of times reaches beyond it.
    if (Math.abs(time - earliest) > longestSpan / 2) return true
    return used + bytes.length > blockBytes || count >= blockLines || origins.length > blockOrigins
  }

  /** Takes up the blocks of the open file that follow the segments; answers how many of its bytes are whole. */
  #takeUp(bytes: Buffer): number {
    let at = 0
    for (let head = readHead(bytes); head; head = readHead(bytes.subarray(at))) {
      const block = bytes.subarray(at, at + head.size)
      if (!isWhole(block, head)) break
      at += head.size
      if (head.first < this.end) continue
      const records = recordsOf(block, head, bodyOf(block, head))
      if (this.#open.count === 0) this.#open = new OpenBlock(head.first)
      for (const origin of records.origins) this.#open.know(origin)
      for (const line of linesOf(records)) this.#open.add(line)
    }
    this.#saved = this.end
    return at
  }

  /** Writes what is not in a file yet to the open one. */
  async #save(): Promise<void> {
    const records = this.#open.from(this.#saved)
    if (records.times.length === 0) return
    const block = makeBlock(records, makeBody(records, span(records).earliest), false)
    await this.#try(async () => {
      await this.#write(this.#file, block, this.#fileBytes)
      this.#fileBytes += block.length
      this.#saved = records.first + records.times.length
    })
  }

  /** The open lines become a block of a segment; the next ones begin at the place. What finds no room is lost, and its places with it. */
  async #seal(next = this.end): Promise<void> {
    if (this.#open.count > 0) {
      await this.#name()
      await this.#try(() => this.#append(this.#open.from(0)))
    }
    this.#open = new OpenBlock(next)
    this.#saved = next
    await this.#file.truncate(0).catch(() => undefined)
    this.#fileBytes = 0
  }

  async #append(records: Records): Promise<void> {
    const { earliest, latest } = span(records)
    const block = makeBlock(records, await deflate(makeBody(records, earliest), { level: 1 }), true)
    const segment = await this.#segmentFor(records.first, earliest, block.length)
    const file = await open(segment.path, 'a', 0o600)
    try {
      await this.#write(file, block, segment.size)
      await file.datasync()
    } finally {
      await file.close()
    }
    // A disk that is nearly full takes small writes now and then: only a block shows that there is room.
    if (this.#troubled) this.#options.trouble(undefined)
    this.#troubled = false
    segment.size += block.length
    segment.end = records.first + records.times.length
    segment.latest = Math.max(segment.latest, latest)
  }

  /** The newest segment, or a new one when that is full or old; the oldest ones make room for it. */
  async #segmentFor(first: number, began: number, bytes: number): Promise<Segment> {
    const { directory, size, segmentAge } = this.#options
    const newest = this.#segments.at(-1)
    const fits = newest && newest.size + bytes <= size / segments && began - newest.began < segmentAge
    if (fits) return newest
    let total = this.#segments.reduce((sum, segment) => sum + segment.size, bytes)
    while (this.#segments.length > 0 && total > size - size / segments) {
      total -= this.#segments[0]!.size
      await this.#removeOldest()
    }
    const path = join(directory, segmentName(first, began))
    const fresh = { path, first, end: first, began, latest: began, size: 0 }
    this.#segments.push(fresh)
    return fresh
  }

  async #removeOldest(): Promise<void> {
    await rm(this.#segments.shift()!.path, { force: true })
  }

  /** All of the bytes or, as a later reader sees it, none. */
  async #write(file: FileHandle, bytes: Buffer, size: number): Promise<void> {
    try {
      await file.appendFile(bytes)
    } catch (error) {
      await file.truncate(size).catch(() => undefined)
      throw error
    }
  }

  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!this.#troubled) this.#options.trouble(error)
      this.#troubled = true
    }
  }

  async #name(): Promise<void> {
    for (const origin of this.#open.origins) {
      if (origin.deployment === undefined) Object.assign(origin, await this.#options.knownOf(origin.instance))
    }
  }
}
