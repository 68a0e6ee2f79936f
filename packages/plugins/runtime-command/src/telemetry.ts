import { join } from 'node:path'
import type { Sample } from '@longshore/core/protocol'
import {
  readLines,
  type LogFrame,
  type LogLine,
  type LogQuery,
  type StatsQuery,
  type Telemetry,
} from '@longshore/core'
import type { Changes } from './changes.js'
import type { Records } from './records.js'

/** A log being read: the lines of it that wait for their turn. */
interface Source {
  frames: AsyncIterator<LogFrame>
  lines: LogLine[]
  /** All that was there has been read; what comes now is live. */
  caughtUp: boolean
  done: boolean
}

/** Reads the logs of a service's instances as one: what is kept in time order, then what comes as it comes. */
export class CommandTelemetry implements Telemetry {
  readonly #records: Records
  readonly #changes: Changes

  constructor(records: Records, changes: Changes) {
    this.#records = records
    this.#changes = changes
  }

  async *logs(query: LogQuery, signal: AbortSignal): AsyncGenerator<LogFrame> {
    const left = new AbortController()
    const either = AbortSignal.any([signal, left.signal])
    const live = new Live(either)
    const names = await this.#records.instances(query.service)
    const known = new Set(names)
    const quiet = this.#changes.listen(({ service, instance, kind }) => {
      const fresh = kind === 'started' && service === query.service && !known.has(instance)
      if (!fresh || !query.follow || (query.instance !== undefined && query.instance !== instance)) return
      known.add(instance)
      live.add(this.#open({ ...query, tail: undefined }, instance, either).frames)
    })
    try {
      const wanted = names.filter((name) => query.instance === undefined || query.instance === name)
      const sources = wanted.map((name) => this.#open(query, name, either))
      yield* query.tail === undefined ? merge(sources) : lastOf(query.tail, merge(sources))
      if (!query.follow) return
      for (const { frames, done } of sources) if (!done) live.add(frames)
      yield* live.frames()
    } finally {
      quiet()
      left.abort()
    }
  }

  async *stats(_query: StatsQuery, _signal: AbortSignal): AsyncGenerator<Sample[]> {}

  #open(
    { service, stream, since, until, tail, follow }: LogQuery,
    instance: string,
    signal: AbortSignal,
  ): Source {
    const directory = join(this.#records.home(service, instance), 'log')
    const query = { stream, since, until, tail, follow: follow ? ('open' as const) : undefined }
    const frames = readLines(directory, query, signal, instance)
    return { frames: frames[Symbol.asyncIterator](), lines: [], caughtUp: false, done: false }
  }
}

/** What is kept of all sources, in time order; each is held by one chunk at most. */
async function* merge(sources: Source[]): AsyncGenerator<LogFrame> {
  for (;;) {
    let skipped = 0
    for (const source of sources) skipped += await fill(source)
    if (skipped > 0) yield { lines: [], skipped }
    const [first, second] = sources
      .filter(({ lines }) => lines.length > 0)
      .sort((a, b) => a.lines[0]!.time - b.lines[0]!.time)
    if (!first) return
    const until = second?.lines[0]!.time ?? Infinity
    const end = first.lines.findIndex(({ time }, index) => index > 0 && time > until)
    yield { lines: first.lines.splice(0, end < 0 ? first.lines.length : end), skipped: 0 }
  }
}

/** Reads on until there are lines, or none are left of what was there; answers how many were missed. */
async function fill(source: Source): Promise<number> {
  let skipped = 0
  while (source.lines.length === 0 && !source.caughtUp && !source.done) {
    const next = await source.frames.next()
    source.done = next.done === true
    if (next.done) break
    skipped += next.value.skipped
    source.lines = next.value.lines
    source.caughtUp = next.value.lines.length === 0 && next.value.skipped === 0
  }
  return skipped
}

async function* lastOf(tail: number, frames: AsyncIterable<LogFrame>): AsyncGenerator<LogFrame> {
  let lines: LogLine[] = []
  let skipped = 0
  for await (const frame of frames) {
    skipped += frame.skipped
    lines = lines.concat(frame.lines)
    if (lines.length > 2 * tail) lines = lines.slice(lines.length - tail)
  }
  if (lines.length + skipped > 0) yield { lines: lines.slice(Math.max(0, lines.length - tail)), skipped }
}

/** Brings frames of many sources together as they come: each source waits until its frame is taken. */
class Live {
  readonly #signal: AbortSignal
  readonly #waiting: { frame: LogFrame; taken(): void }[] = []
  #failure: { error: unknown } | undefined
  #wake = () => {}

  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  add(frames: AsyncIterator<LogFrame>): void {
    this.#pump(frames).catch((error: unknown) => {
      this.#failure = { error }
      this.#wake()
    })
  }

  async *frames(): AsyncGenerator<LogFrame> {
    const abort = () => this.#wake()
    this.#signal.addEventListener('abort', abort)
    try {
      while (!this.#signal.aborted) {
        if (this.#failure) throw this.#failure.error
        const next = this.#waiting.shift()
        if (!next) await new Promise<void>((resolve) => (this.#wake = resolve))
        else {
          next.taken()
          if (next.frame.lines.length + next.frame.skipped > 0) yield next.frame
        }
      }
    } finally {
      this.#signal.removeEventListener('abort', abort)
      for (const { taken } of this.#waiting) taken()
    }
  }

  async #pump(frames: AsyncIterator<LogFrame>): Promise<void> {
    for (let next = await frames.next(); !next.done && !this.#signal.aborted; next = await frames.next()) {
      await new Promise<void>((taken) => {
        this.#waiting.push({ frame: next.value, taken })
        this.#wake()
      })
    }
  }
}
