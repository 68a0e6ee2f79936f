import { frameLie } from '../errors.js'
import { Clock } from './clock.js'
import { Frames } from './frames.js'
import { recordBytes, Records, type Line } from './records.js'

/** `2026-01-02T03:04:05.123456789Z ` */
const stampBytes = 31
const newline = 0x0a

/** Turns what the engine sends of a container's log, with stamps, into lines. Errors: ENGINE_FRAME. */
export class Demux {
  readonly #frames: Frames | undefined
  readonly #records: Records
  readonly #clock = new Clock()
  /** Of a terminal: what has come of its record. */
  #rest: Buffer = Buffer.alloc(0)

  /** A terminal's log has no frames: both streams are one, and only the stamps tell its records apart. */
  constructor(instance: string, terminal: boolean) {
    this.#records = new Records(instance)
    if (!terminal) this.#frames = new Frames((...frame) => this.#frame(...frame))
  }

  /** The lines that a chunk completes. Their bytes are views of it. */
  push(chunk: Buffer): Line[] {
    if (this.#frames) this.#frames.push(chunk)
    else this.#terminal(chunk)
    return this.#records.taken()
  }

  /** Finishes what the container left unfinished. */
  end(): Line[] {
    this.#frames?.end()
    if (this.#rest.length > 0) this.#record('stdout', this.#rest, 0, this.#rest.length)
    this.#records.end()
    return this.#records.taken()
  }

  #frame(stream: 'stdin' | 'stdout' | 'stderr' | 'engine', bytes: Buffer, from: number, end: number): void {
    if (stream === 'engine') {
      const last = bytes[end - 1] === newline ? end - 1 : end
      this.#records.note(this.#clock, bytes.subarray(from, last))
    } else this.#record(stream === 'stderr' ? 'stderr' : 'stdout', bytes, from, end)
  }

  /** One record: a stamp, then a line with its newline, or a part of one without. */
  #record(stream: 'stdout' | 'stderr', bytes: Buffer, from: number, end: number): void {
    const last = from + stampBytes - 1
    if (end <= last || !this.#clock.read(bytes, from, last)) throw frameLie('a record without its time')
    const whole = bytes[end - 1] === newline
    this.#records.take(stream, this.#clock, bytes, from + stampBytes, whole ? end - 1 : end, whole)
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
