import type { LogLine } from '@longshore/core'

/** A line, and what tells it from every other one of its container. */
export interface Line extends LogLine {
  /** Nanoseconds of its second, as the engine stamped it. */
  nanos: number
  /** 0, or how many parts of the same line came before this one. */
  part: number
}

/** Bytes of one record: the engine cuts a longer line there, and stamps each part with the time of the first one. */
export const recordBytes = 16 * 1024

/** When a record was printed, as a line says it. */
export type Stamp = Pick<Line, 'time' | 'nanos'>

/** The line that a stream is in the middle of. */
type Open = Stamp & Pick<Line, 'part'>

/** Makes lines of the records of a container's log. */
export class Records {
  readonly #instance: string
  #lines: Line[] = []
  readonly #open: { stdout?: Open; stderr?: Open } = {}

  constructor(instance: string) {
    this.#instance = instance
  }

  /** Whether no line has begun and not ended. */
  get whole(): boolean {
    return !this.#open.stdout && !this.#open.stderr
  }

  /** One record: a line without its newline, or, where it is not `whole`, a part of one. Its bytes stay a view. */
  take(
    stream: 'stdout' | 'stderr',
    { time, nanos }: Stamp,
    bytes: Buffer,
    from: number,
    end: number,
    whole: boolean,
  ): void {
    const before = this.#open[stream]
    const goesOn = before?.time === time && before.nanos === nanos
    if (before && !goesOn) this.#finish(stream)
    let at = from
    let part = goesOn ? before.part : 0
    for (; end - at > recordBytes; at += recordBytes)
      this.#put(stream, time, nanos, part++, bytes.subarray(at, at + recordBytes), true)
    // Without a newline a short record is the last that the container printed before it ended.
    const partial = !whole && end - from >= recordBytes
    this.#put(stream, time, nanos, part, bytes.subarray(at, end), partial)
    if (partial) this.#open[stream] = { time, nanos, part: part + 1 }
    else if (before) this.#open[stream] = undefined
  }

  /** What the engine itself has to say. */
  note({ time, nanos }: Stamp, bytes: Buffer): void {
    this.#put('note', time, nanos, 0, bytes, false)
  }

  /** The lines since it was asked last. */
  taken(): Line[] {
    const lines = this.#lines
    this.#lines = []
    return lines
  }

  /** Finishes what the container left unfinished. */
  end(): void {
    this.#finish('stdout')
    this.#finish('stderr')
  }

  /** The line was cut at a record's end, and nothing more came of it. */
  #finish(stream: 'stdout' | 'stderr'): void {
    const open = this.#open[stream]
    this.#open[stream] = undefined
    if (open) this.#put(stream, open.time, open.nanos, open.part, Buffer.alloc(0), false)
  }

  #put(
    stream: LogLine['stream'],
    time: number,
    nanos: number,
    part: number,
    bytes: Buffer,
    partial: boolean,
  ): void {
    this.#lines.push({ time, instance: this.#instance, stream, bytes, partial, nanos, part })
  }
}

/** Whether both are the same line of one container, read twice. */
export function isSame(a: Line, b: Line): boolean {
  const stamped = a.nanos === b.nanos && a.time === b.time
  return stamped && a.part === b.part && a.stream === b.stream && a.bytes.length === b.bytes.length
}
