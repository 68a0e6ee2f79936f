/** How many of something each who asks holds. */
export class Tally {
  readonly #of = new Map<string, number>()

  of(id: string): number {
    return this.#of.get(id) ?? 0
  }

  /** One more, until undone. */
  add(id: string): () => void {
    this.#of.set(id, this.of(id) + 1)
    return () => {
      const left = this.of(id) - 1
      if (left > 0) this.#of.set(id, left)
      else this.#of.delete(id)
    }
  }
}
