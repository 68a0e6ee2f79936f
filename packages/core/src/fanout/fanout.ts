import type { LogFrame } from '../contracts/telemetry.js'
import type { Clock } from '../kernel/clock.js'
import type { TextFrame } from '../protocol/index.js'
import { Channel } from './channel.js'

/** Bytes of text that are kept of one source, and of all sources together. */
const limits = { one: 2 * 2 ** 20, all: 64 * 2 ** 20 }

/**
 * Lets many watch the lines of a source that is read once. Each viewer gets every line once and in order, or counted as
 * skipped; one that is slow slows nobody.
 */
export class FanOut {
  readonly #clock: Clock
  readonly #channels = new Map<string, Channel[]>()
  #count = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * The last `tail` lines of the source of that name, then what comes, until the source ends or the signal aborts.
   * Reading begins when the first frame is asked for; `open` is called where nobody reads this source yet.
   */
  async *watch(
    name: string,
    tail: number,
    open: (signal: AbortSignal) => AsyncIterable<LogFrame>,
    signal: AbortSignal,
  ): AsyncGenerator<TextFrame> {
    const channel =
      this.#channels.get(name)?.find((each) => each.reaches(tail)) ?? this.#begin(name, tail, open)
    const viewer = channel.join(tail)
    try {
      for (let frame = await channel.take(viewer, signal); frame; frame = await channel.take(viewer, signal))
        yield frame
    } finally {
      if (channel.leave(viewer)) this.#forget(name, channel)
    }
  }

  #begin(name: string, tail: number, open: (signal: AbortSignal) => AsyncIterable<LogFrame>): Channel {
    const channel = new Channel(tail, this.#clock, () => Math.min(limits.one, limits.all / this.#count))
    this.#channels.set(name, [...(this.#channels.get(name) ?? []), channel])
    this.#count++
    void channel.read(open)
    return channel
  }

  #forget(name: string, channel: Channel): void {
    const others = (this.#channels.get(name) ?? []).filter((each) => each !== channel)
    this.#count--
    if (others.length > 0) this.#channels.set(name, others)
    else this.#channels.delete(name)
  }
}
