/** Adds what its owner tells to what a stream tells, for everybody who follows. */
export class Retold<T> {
  readonly #followers = new Set<(value: T) => void>()

  add(value: T): void {
    for (const follower of this.#followers) follower(value)
  }

  /** The values of the stream and those that are added from now on, until the signal aborts. */
  async *with(
    open: (signal: AbortSignal) => AsyncGenerator<T>,
    signal: AbortSignal,
  ): AsyncGenerator<T, void> {
    const end = new AbortController()
    const added: T[] = []
    let wake = () => undefined as void
    const follow = (value: T) => {
      added.push(value)
      wake()
    }
    this.#followers.add(follow)
    try {
      const stream = open(AbortSignal.any([signal, end.signal]))
      for (let next = stream.next(); ;) {
        const woken = new Promise<undefined>((resolve) => (wake = () => resolve(undefined)))
        yield* added.splice(0)
        const told = await Promise.race([next, added.length > 0 ? undefined : woken])
        if (told?.done) return
        if (!told) continue
        next = stream.next()
        yield told.value
      }
    } finally {
      this.#followers.delete(follow)
      end.abort()
    }
  }
}
