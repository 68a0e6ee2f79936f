import type { Clock, Metrics } from '@longshore/core'

/** How the looks at repositories went. */
export class Looks {
  readonly #clock: Clock
  readonly #count = { ok: 0, failed: 0 }
  #last: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The look, counted; one that was given up is none. */
  counted<A extends unknown[], T>(look: (...args: [...A, AbortSignal]) => Promise<T>): typeof look {
    return async (...args) => {
      try {
        const found = await look(...args)
        this.#count.ok++
        this.#last = this.#clock.now()
        return found
      } catch (error) {
        if (!(args.at(-1) as AbortSignal).aborted) this.#count.failed++
        throw error
      }
    }
  }

  tellTo({ add }: Metrics): void {
    add({
      name: 'longshore_git_looks_total',
      help: 'Looks at repositories for new commits, by whether the server answered',
      type: 'counter',
      labels: ['result'],
      look: () => Object.entries(this.#count).map(([result, value]) => ({ value, labels: { result } })),
    })
    add({
      name: 'longshore_git_last_success_timestamp_seconds',
      help: 'When a look at any repository succeeded last, in seconds since 1970',
      type: 'gauge',
      look: () => (this.#last === undefined ? [] : [{ value: this.#last / 1000 }]),
    })
  }
}
