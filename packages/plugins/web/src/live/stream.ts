import { Bell } from '@longshore/core'
import type { TopicFrame } from '@longshore/core/protocol'

/** Frames that a client can have granted at once. */
const mostCredit = 1_000

/** One thing that a client watches: frames as it grants them. */
export class Stream {
  readonly #life = new AbortController()
  readonly #bell = new Bell()
  #credit = 0

  get signal(): AbortSignal {
    return this.#life.signal
  }

  grant(frames: number): void {
    this.#credit = Math.min(mostCredit, this.#credit + frames)
    this.#bell.ring()
  }

  end(): void {
    this.#life.abort()
  }

  /**
   * Sends each frame when it is granted and `ready` has resolved, until there are no more or the stream is ended. A
   * frame is not asked for before: what comes meanwhile is kept, or skipped and counted, where the frames come from.
   */
  async pump(
    frames: AsyncIterable<TopicFrame>,
    ready: (signal: AbortSignal) => Promise<void>,
    send: (frame: TopicFrame, seq: number) => void,
  ): Promise<void> {
    const { signal } = this
    const source = frames[Symbol.asyncIterator]()
    try {
      for (let seq = 1; ; seq++) {
        while (this.#credit === 0 && !signal.aborted) await this.#bell.heard(signal)
        await ready(signal)
        const next = await this.#unlessEnded(source.next())
        if (!next || next.done || signal.aborted) return
        this.#credit--
        send(next.value, seq)
      }
    } finally {
      source.return?.()?.catch(() => undefined)
    }
  }

  /** Not every source hears the signal at once. */
  #unlessEnded<T>(work: Promise<T>): Promise<T | undefined> {
    const { signal } = this
    return new Promise((resolve, reject) => {
      const ended = () => resolve(undefined)
      if (signal.aborted) ended()
      signal.addEventListener('abort', ended, { once: true })
      work.then(resolve, reject).finally(() => signal.removeEventListener('abort', ended))
    })
  }
}
