import type { Sample } from '../protocol/index.js'
import { manyToken } from '../kernel/token.js'
import type { PlacementRef } from './runtime.js'

export interface LogQuery extends PlacementRef {
  /** One instance; every instance of the placement, also those that are gone, when absent. */
  instance?: string
  stream?: 'stdout' | 'stderr'
  /** Milliseconds since the epoch, both inclusive. */
  since?: number
  until?: number
  /** Only the last so many of what is there already. */
  tail?: number
  /** Stay for what comes. */
  follow?: boolean
}

export interface LogLine {
  /** Milliseconds since the epoch, when it was read. */
  time: number
  instance: string
  stream: 'stdout' | 'stderr' | 'note'
  /** The line's exact bytes, without its newline. */
  bytes: Uint8Array
  /** The line goes on in the next one of its stream: it was longer than a record. */
  partial: boolean
}

export interface LogFrame {
  lines: LogLine[]
  /** Lines that were lost before these, because nobody could hold them. Never silent. */
  skipped: number
}

export interface StatsQuery extends PlacementRef {
  /** One instance; every one that runs when absent. */
  instance?: string
  /** Milliseconds between two samples, at least 1,000. */
  every: number
}

/**
 * What instances of one runtime kind print, live and kept, and what they use.
 *
 * Law: lines come in time order, byte-exact; a slow reader slows only itself, and what it misses is counted in `skipped`,
 * also what was gone before the first line, where its keeper counts that, unless it asked for `tail` or `since`; with
 * `follow` it ends when the signal aborts, without it at the end of what is there. `stats` yields what every running
 * instance uses, each time in one batch, empty when none runs, the first one soon, until its signal aborts. Instances
 * come and go meanwhile; one that cannot be read in time is left out, and delays no other. Viewers share the looks.
 */
export interface Telemetry {
  logs(query: LogQuery, signal: AbortSignal): AsyncIterable<LogFrame>
  stats(query: StatsQuery, signal: AbortSignal): AsyncIterable<Sample[]>
}

export const Telemetry = manyToken<Telemetry>('Telemetry')
