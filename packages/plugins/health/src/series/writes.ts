import type { Logger } from '@longshore/core'

/** What is to be written, one after the other. Of what waits under a name only the last stays: a slow disk makes no long line. */
export class Writes {
  readonly #log: Logger
  readonly #waiting = new Map<string, () => Promise<void>>()
  #work: Promise<void> | undefined

  constructor(log: Logger) {
    this.#log = log
  }

  add(name: string, write: () => Promise<void>): void {
    this.#waiting.set(name, write)
    this.#work ??= this.#run()
  }

  /** Resolves when nothing waits. */
  async done(): Promise<void> {
    await this.#work
  }

  async #run(): Promise<void> {
    // Whoever adds several in one go finds that all of them wait.
    await Promise.resolve()
    for (const [name, write] of this.#waiting) {
      this.#waiting.delete(name)
      await write().catch((error: unknown) =>
        this.#log.warn({ error, name }, 'what checks said could not be written'),
      )
    }
    this.#work = undefined
  }
}
