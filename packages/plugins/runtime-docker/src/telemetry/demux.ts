import type { LogLine } from '@longshore/core'
import { frameLie } from '../errors.js'
import { Frames } from './frames.js'

/** A line, and what tells it from every other one of its container. */
export interface Line extends LogLine {
  /** Nanoseconds of its second, as the engine stamped it. */
  nanos: number
  /** 0, or how many parts of the same line came before this one. */
  part: number
}

/** Bytes of one record: the engine cuts a longer line there, and stamps each part with the time of the first one. */
const recordBytes = 16 * 1024
/** `2026-01-02T03:04:05.123456789Z ` */
const stampBytes = 31
const newline = 0x0a

/** The line that a stream is in the middle of. */
interface Open {
  time: number
  nanos: number
  part: number
}

/** Turns what the engine sends of a container's log, with stamps, into lines. Errors: ENGINE_FRAME. */
export class Demux {
  readonly #instance: string
  readonly #frames: Frames | undefined
  #lines: Line[] = []
  readonly #open: { stdout?: Open; stderr?: Open } = {}
  readonly #clock = new Stamps()
  /** Of a terminal: what has come of its record. */
  #rest: Buffer = Buffer.alloc(0)

  /** A terminal's log has no frames: both streams are one, and only the stamps tell its records apart. */
  constructor(instance: string, terminal: boolean) {
    this.#instance = instance
    if (!terminal) this.#frames = new Frames((...frame) => this.#frame(...frame))
  }

  /** The lines that a chunk completes. Their bytes are views of it. */
  push(chunk: Buffer): Line[] {
    if (this.#frames) this.#frames.push(chunk)
    else this.#terminal(chunk)
    return this.#taken()
  }

  /** Finishes what the container left unfinished. */
  end(): Line[] {
    this.#frames?.end()
    if (this.#rest.length > 0) this.#record('stdout', this.#rest, 0, this.#rest.length)
    this.#finish('stdout')
    this.#finish('stderr')
    return this.#taken()
  }

  #taken(): Line[] {
    const lines = this.#lines
    this.#lines = []
    return lines
  }

  #frame(stream: 'stdin' | 'stdout' | 'stderr' | 'engine', bytes: Buffer, from: number, end: number): void {
    if (stream === 'engine') {
      const { time, nanos } = this.#clock
      const last = bytes[end - 1] === newline ? end - 1 : end
      this.#put('note', { time, nanos, part: 0 }, bytes.subarray(from, last), false)
    } else this.#record(stream === 'stderr' ? 'stderr' : 'stdout', bytes, from, end)
  }

  /** One record: a stamp, then a line with its newline, or a part of one without. */
  #record(stream: 'stdout' | 'stderr', bytes: Buffer, from: number, end: number): void {
    const { time, nanos } = this.#clock.read(bytes, from, end)
    const before = this.#open[stream]
    const goesOn = before?.time === time && before.nanos === nanos
    if (before && !goesOn) this.#finish(stream)
    const whole = bytes[end - 1] === newline
    const last = whole ? end - 1 : end
    let at = from + stampBytes
    let part = goesOn ? before.part : 0
    for (; last - at > recordBytes; at += recordBytes)
      this.#put(stream, { time, nanos, part: part++ }, bytes.subarray(at, at + recordBytes), true)
    // Without a newline a short record is the last that the container printed before it ended.
    const partial = !whole && end - from - stampBytes >= recordBytes
    this.#put(stream, { time, nanos, part }, bytes.subarray(at, last), partial)
    this.#open[stream] = partial ? { time, nanos, part: part + 1 } : undefined
  }

  /** The line was cut at a record's end, and nothing more came of it. */
  #finish(stream: 'stdout' | 'stderr'): void {
    const open = this.#open[stream]
    this.#open[stream] = undefined
    if (open) this.#put(stream, open, Buffer.alloc(0), false)
  }

  #put(stream: LogLine['stream'], { time, nanos, part }: Open, bytes: Buffer, partial: boolean): void {
    this.#lines.push({ time, instance: this.#instance, stream, bytes, partial, nanos, part })
  }

  #terminal(chunk: Buffer): void {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    let from = 0
    while (bytes.length - from >= stampBytes) {
      const most = from + stampBytes + recordBytes
      const found = bytes.indexOf(newline, from + stampBytes)
      const end = found >= 0 && found < most ? found + 1 : most
      if (end > bytes.length) break
      this.#record('stdout', bytes, from, end)
      from = end
    }
    // A copy: a view would keep the whole chunk alive.
    this.#rest = Buffer.from(bytes.subarray(from))
  }
}

/** Reads stamps of fixed width; within one second only the fraction differs. */
class Stamps {
  time = 0
  nanos = 0
  #base = 0
  readonly #known = Buffer.alloc(20)

  read(bytes: Buffer, from: number, end: number): this {
    if (end - from < stampBytes || bytes[from + stampBytes - 2] !== 0x5a)
      throw frameLie('a record without its time')
    if (bytes.compare(this.#known, 0, 20, from, from + 20) !== 0) {
      bytes.copy(this.#known, 0, from, from + 20)
      this.#base = Date.parse(`${this.#known.toString('latin1', 0, 19)}Z`)
    }
    let nanos = 0
    for (let at = from + 20; at < from + 29; at++) nanos = nanos * 10 + bytes[at]! - 0x30
    if (!(nanos >= 0 && nanos < 1e9) || Number.isNaN(this.#base)) throw frameLie('a record without its time')
    this.nanos = nanos
    this.time = this.#base + Math.floor(nanos / 1e6)
    return this
  }
}
