import type { LogFrame, LogLine } from '../contracts/telemetry.js'

/** A log being read: the lines of it that wait for their turn. An empty frame says that all that was there has been read. */
export interface LineSource {
  frames: AsyncIterator<LogFrame>
  lines: LogLine[]
  /** All that was there has been read; what comes now is live. */
  caughtUp: boolean
  done: boolean
}

/** A source at its beginning. */
export function sourceOf(frames: AsyncIterable<LogFrame>): LineSource {
  return { frames: frames[Symbol.asyncIterator](), lines: [], caughtUp: false, done: false }
}

/**
 * Nobody reads on: what the sources hold open is closed, once their signal has ended what they wait for. A generator that
 * is left as it stands would keep its file until garbage is collected.
 */
export function closeSources(sources: Pick<LineSource, 'frames'>[]): void {
  for (const { frames } of sources) frames.return?.()?.catch(() => undefined)
}

/** What is kept of all sources, in time order; each is held by one chunk at most. */
export async function* mergeLines(sources: LineSource[]): AsyncGenerator<LogFrame> {
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
async function fill(source: LineSource): Promise<number> {
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

/** Only the last so many lines, when all are read. */
export async function* lastOf(tail: number, frames: AsyncIterable<LogFrame>): AsyncGenerator<LogFrame> {
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
export class LiveLines {
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
    closeSources([{ frames }])
  }
}
