import { setTimeout as sleep } from 'node:timers/promises'

/** Milliseconds that one who keeps a log may take for the rest of it, once its container has ended. */
const patience = 10_000

/** Whose logs are read by somebody who keeps them and has not read their end: with the container the engine removes its log. */
export class Unread {
  readonly #reading = new Map<string, Set<Promise<void>>>()

  /** Somebody begins to read; answers what they call when they have read all, once or more often. */
  begin(id: string): () => void {
    let resolve!: () => void
    const one = new Promise<void>((done) => (resolve = done))
    const all = this.#reading.get(id) ?? new Set()
    this.#reading.set(id, all.add(one))
    return () => {
      all.delete(one)
      if (all.size === 0 && this.#reading.get(id) === all) this.#reading.delete(id)
      resolve()
    }
  }

  /** Resolves when the log of a container that has ended was read, or when that takes too long. */
  async done(id: string): Promise<void> {
    await Promise.race([
      Promise.all([...(this.#reading.get(id) ?? [])]),
      sleep(patience, undefined, { ref: false }),
    ])
  }
}
