import { Bell } from '@longshore/core'
import type { LogFrame, LogLine } from '@longshore/core'
import { isSame, type Line } from './records.js'

/** Bytes that a ring holds for its slowest viewer, each line's upkeep among them. */
const most = 4 * 2 ** 20
/** Bytes that a line costs besides its own. */
const upkeep = 250

type Stream = LogLine['stream']
/** Whole lines of each stream. */
type Counts = Record<Stream, number>

interface Batch {
  lines: Line[]
  weight: number
  sequence: number
  /** All that came before it, and with it. */
  before: Counts
  after: Counts
}

/** A place between two lines of a ring. */
export interface Place {
  sequence: number
  index: number
  passed: Counts
  /** Streams of which a line's beginning was missed: its rest is missed too. */
  torn: Set<Stream>
}

/** The last lines of one container, numbered. Who reads slower than they come misses some, and is told how many. */
export class Ring {
  readonly #batches: Batch[] = []
  #weight = 0
  #sequence = 0
  #counts: Counts = { stdout: 0, stderr: 0, note: 0 }
  readonly #bell = new Bell()
  /** Set when nothing more comes, with what ended it when that was a fault. */
  ended: { error?: Error } | undefined

  push(lines: Line[]): void {
    if (lines.length === 0) return
    const [before, after] = [this.#counts, { ...this.#counts }]
    let weight = lines.length * upkeep
    for (const { bytes, stream, partial } of lines) {
      weight += bytes.length
      if (!partial) after[stream]++
    }
    this.#batches.push({ lines, weight, sequence: this.#sequence++, before, after })
    this.#counts = after
    this.#weight += weight
    while (this.#weight > most && this.#batches.length > 1) this.#weight -= this.#batches.shift()!.weight
    this.#bell.ring()
  }

  end(error?: Error): void {
    this.ended ??= { error }
    this.#bell.ring()
  }

  /** How many batches are gone. */
  get gone(): number {
    return this.#batches[0]?.sequence ?? this.#sequence
  }

  first(): Place {
    const passed = this.#batches[0]?.before ?? this.#counts
    return { sequence: this.gone, index: 0, passed, torn: new Set() }
  }

  get empty(): boolean {
    return this.#batches.length === 0
  }

  /** The place after a line; undefined when the ring does not have it. */
  after(line: Line): Place | undefined {
    for (let at = this.#batches.length - 1; at >= 0; at--) {
      const { lines, sequence, before } = this.#batches[at]!
      const index = lines.findLastIndex((each) => isSame(each, line)) + 1
      if (index === 0) continue
      const passed = { ...before }
      for (const { stream, partial } of lines.slice(0, index)) if (!partial) passed[stream]++
      return { sequence, index, passed, torn: new Set() }
    }
    return undefined
  }

  /** What follows a place, which moves on; undefined: nothing yet. `skipped` counts the lines of the stream, or of all. */
  read(place: Place, stream?: Stream): LogFrame | undefined {
    const gone = this.gone
    let skipped = 0
    if (place.sequence < gone) {
      const { before } = this.#batches[0]!
      for (const each of stream ? [stream] : streams) skipped += before[each] - place.passed[each]
      Object.assign(place, { sequence: gone, index: 0, torn: new Set(streams) })
    }
    const batch = this.#batches[place.sequence - gone]
    if (!batch) return undefined
    let lines = place.index === 0 ? batch.lines : batch.lines.slice(place.index)
    Object.assign(place, { sequence: place.sequence + 1, index: 0, passed: batch.after })
    if (place.torn.size > 0) {
      lines = lines.filter((line) => {
        if (!isTorn(line, place.torn)) return true
        if (!line.partial && (stream ?? line.stream) === line.stream) skipped++
        return false
      })
    }
    return { lines, skipped }
  }

  /** Resolves with the next lines, with the end, or with the signal. */
  changed(signal: AbortSignal): Promise<void> {
    return this.#bell.heard(signal)
  }
}

const streams = ['stdout', 'stderr', 'note'] as const

/** Whether it is the rest of a line whose beginning was missed. */
function isTorn({ stream, part, partial }: Line, torn: Set<Stream>): boolean {
  if (!torn.has(stream)) return false
  if (part === 0 || !partial) torn.delete(stream)
  return part > 0
}
