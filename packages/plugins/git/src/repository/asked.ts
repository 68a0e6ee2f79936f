/** What is being found out: whoever asks the same meanwhile shares the answer. Thousands of services may follow one branch. */
export class Asked<T> {
  readonly #underWay = new Map<string, Promise<T>>()

  /** `find` is for all who ask: it must not end because one of them goes away. */
  answer(question: string, find: () => Promise<T>): Promise<T> {
    const known = this.#underWay.get(question)
    if (known) return known
    const found = find().finally(() => this.#underWay.delete(question))
    this.#underWay.set(question, found)
    return found
  }
}
