import type { Sample } from '../protocol/index.js'
import { readingOf, type Reading } from './reading.js'

/** A reading, and when it was made. */
export interface Look {
  /** By the clock's `monotonic` and by its `now`. */
  at: number
  time: number
  reading: Reading
}

const counters = ['cpu', 'networkIn', 'networkOut', 'blockRead', 'blockWritten'] as const
type Counts = { [Name in (typeof counters)[number]]?: number }

/** Turns the looks at one instance into one viewer's samples: what it is told depends on what it was told before. */
export class Meter {
  /** When it was last used, by the clock's `monotonic`. */
  used = 0
  #at: number | undefined
  #percent: number | undefined
  #read: Counts = {}
  #total: Counts = {}

  /** Counters go on where they were when whoever counts began anew, as after a restart of the container. */
  sample(instance: string, { at, time, reading }: Look): Sample {
    const told: Reading = { ...reading }
    const before = this.#total.cpu
    for (const name of counters) {
      const now = reading[name]
      if (now === undefined) continue
      const grown = Math.max(0, now - (this.#read[name] ?? now))
      told[name] = this.#total[name] = (this.#total[name] ?? now) + grown
      this.#read[name] = now
    }
    // Twice the same look says nothing new.
    if (at !== this.#at) {
      const spent = told.cpu === undefined || before === undefined ? undefined : told.cpu - before
      this.#percent = spent === undefined ? undefined : (spent / (at - this.#at!)) * 100
      this.#at = at
    }
    return { ...readingOf({ ...told, cpu: this.#percent }), time: new Date(time).toISOString(), instance }
  }
}
