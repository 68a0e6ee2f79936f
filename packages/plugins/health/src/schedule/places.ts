/** Looks that may be under way at the same time. */
export interface Room {
  /** At targets of which nothing says that they are slow. */
  prompt: number
  /** At targets that were slow the last time. */
  slow: number
  /** Of both, and of those that have become slow while they are under way. */
  all: number
}

interface Waiting {
  slow: boolean
  enter(): void
}

/**
 * Places for looks. Whoever was slow the last time waits in a line of their own, and whoever becomes slow gives their
 * place to the next: targets that hang delay each other, not those that answer.
 */
export class Places<T extends Waiting> {
  readonly #room: Room
  readonly #lines = { prompt: new Set<T>(), slow: new Set<T>() }
  #prompt = 0
  #slow = 0

  constructor(room: Room) {
    this.#room = room
  }

  get taken(): number {
    return this.#prompt + this.#slow
  }

  get waiting(): number {
    return this.#lines.prompt.size + this.#lines.slow.size
  }

  /** Calls `enter` at once, or when there is room. */
  ask(one: T): void {
    ;(one.slow ? this.#lines.slow : this.#lines.prompt).add(one)
    this.#fill()
  }

  /** It waits no more, if it did. */
  forget(one: T): void {
    this.#lines.prompt.delete(one)
    this.#lines.slow.delete(one)
  }

  /** One that was let in as prompt takes its time. */
  slowed(): void {
    this.#prompt--
    this.#slow++
    this.#fill()
  }

  /** `slow`: as what it counts. */
  leave(slow: boolean): void {
    if (slow) this.#slow--
    else this.#prompt--
    this.#fill()
  }

  #fill(): void {
    const { all, prompt, slow } = this.#room
    for (const one of this.#lines.prompt) {
      if (this.taken >= all || this.#prompt >= prompt) break
      this.#lines.prompt.delete(one)
      this.#prompt++
      one.enter()
    }
    for (const one of this.#lines.slow) {
      if (this.taken >= all || this.#slow >= slow) break
      this.#lines.slow.delete(one)
      this.#slow++
      one.enter()
    }
  }
}
