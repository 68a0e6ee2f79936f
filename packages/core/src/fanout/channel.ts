import type { LogFrame } from '../contracts/telemetry.js'
import type { Clock } from '../kernel/clock.js'
import type { TextFrame } from '../protocol/index.js'
import { Bell } from '../waiting/bell.js'
import { textFrames, withoutLines } from './text.js'

/** Milliseconds for which the reader waits for viewers that have not caught up; then it reads on without them. */
const patience = 1_000
/** Bytes that a frame takes besides its text, about. */
const frameOverhead = 512

/** A frame in the ring. Places count lines, also the lost ones, from the channel's beginning on. */
interface Block {
  frame: TextFrame
  /** Where its lines begin, after those that were lost before them. */
  place: number
  /** Bytes of all that came before it. */
  weight: number
}

export interface Viewer {
  /** The number of the block that it gets next, and the place of the line that it waits for. */
  next: number
  place: number
  /** The end of a block in which its last lines begin. */
  held?: TextFrame
}

/**
 * One reader of a source, and the last that it read, for many viewers. The reader waits for the quickest viewer only, and
 * not for long: what others have not taken by then they miss, and it is counted.
 */
export class Channel {
  /** As many lines from before its beginning as were asked for. */
  readonly tail: number
  readonly #clock: Clock
  readonly #capacity: () => number
  readonly #life = new AbortController()
  readonly #bell = new Bell()
  readonly #viewers = new Set<Viewer>()
  readonly #blocks: Block[] = []
  /** The number of the first block that is kept. */
  #first = 0
  #place = 0
  #weight = 0
  /** When the quickest viewer had taken all that there was. */
  #level: number
  #end: { error?: unknown } | undefined

  constructor(tail: number, clock: Clock, capacity: () => number) {
    this.tail = tail
    this.#clock = clock
    this.#capacity = capacity
    this.#level = clock.monotonic()
  }

  /** Reads until the source ends or the last viewer has left. */
  async read(open: (signal: AbortSignal) => AsyncIterable<LogFrame>): Promise<void> {
    const { signal } = this.#life
    try {
      for await (const frame of textFrames(open(signal))) {
        if (signal.aborted) break
        this.#push(frame)
        await this.#room(signal)
      }
      this.#end = {}
    } catch (error) {
      this.#end = { error }
    }
    this.#bell.ring()
  }

  /** Whether whoever comes now can have the last so many lines. */
  reaches(tail: number): boolean {
    return !this.#end && (tail === this.tail || tail <= this.#place)
  }

  /** A viewer that gets the last lines of what is there, and what comes. */
  join(tail: number): Viewer {
    let wanted = tail
    let index = this.#blocks.length
    while (wanted > 0 && index > 0) wanted -= this.#blocks[--index]!.frame.lines
    const block = this.#blocks[index]
    const viewer: Viewer = { next: this.#first + index, place: block?.place ?? this.#place }
    if (wanted < 0) {
      viewer.held = withoutLines(block!.frame, -wanted)
      viewer.next++
      viewer.place += block!.frame.lines
    } else if (block) viewer.place -= Math.min(wanted, block.place)
    this.#viewers.add(viewer)
    return viewer
  }

  /** Answers whether nobody is left; then the reader ends. */
  leave(viewer: Viewer): boolean {
    this.#viewers.delete(viewer)
    if (this.#viewers.size === 0) this.#life.abort()
    this.#bell.ring()
    return this.#viewers.size === 0
  }

  /** The next frame, as soon as there is one; undefined at the end or when the signal aborts. */
  async take(viewer: Viewer, signal: AbortSignal): Promise<TextFrame | undefined> {
    while (!signal.aborted) {
      const { held } = viewer
      viewer.held = undefined
      if (held) return held
      if (viewer.next < this.#first + this.#blocks.length) return this.#give(viewer)
      if (this.#end && 'error' in this.#end) throw this.#end.error
      if (this.#end) return undefined
      await this.#bell.heard(signal)
    }
    return undefined
  }

  /** Who was overtaken goes on with the newest: a live view is live. */
  #give(viewer: Viewer): TextFrame {
    const index = viewer.next < this.#first ? this.#blocks.length - 1 : viewer.next - this.#first
    const { frame, place } = this.#blocks[index]!
    const skipped = place - viewer.place
    viewer.next = this.#first + index + 1
    viewer.place = place + frame.lines
    if (index + 1 === this.#blocks.length) this.#level = this.#clock.monotonic()
    this.#bell.ring()
    return skipped === frame.skipped ? frame : { ...frame, skipped }
  }

  #push(frame: TextFrame): void {
    if (this.#behind() === 0) this.#level = this.#clock.monotonic()
    const place = this.#place + frame.skipped
    this.#blocks.push({ frame, place, weight: this.#weight })
    this.#place = place + frame.lines
    this.#weight += frame.text.length + frameOverhead
    while (this.#weight - this.#blocks[0]!.weight > this.#capacity() && this.#blocks.length > 1) {
      this.#blocks.shift()
      this.#first++
    }
    this.#bell.ring()
  }

  async #room(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.#behind() > this.#capacity() / 2) {
      const left = patience - (this.#clock.monotonic() - this.#level)
      if (left <= 0) return
      await this.#bell.heard(signal, left)
    }
  }

  /** Bytes that the quickest viewer has not taken yet. */
  #behind(): number {
    let next = -1
    for (const viewer of this.#viewers) next = Math.max(next, viewer.next)
    const block = this.#blocks[Math.max(0, next - this.#first)]
    return block ? this.#weight - block.weight : 0
  }
}
