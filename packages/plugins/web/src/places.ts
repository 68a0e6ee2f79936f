import { WebError } from './errors.js'

const limits = { all: 250, strangers: 200 }

/** What the places of one door are for, and what is answered when there are none. */
interface Kind {
  code: string
  what: string
  hint: string
}

/**
 * How many requests of a kind are worked on at the same time, at one door. The last places are for those who show who
 * they are: whatever anybody else asks for, and however long, does not keep them out. Together the kinds have fewer
 * places than a door has connections, so that there is always one to give up for a newer one.
 */
export class Places {
  readonly #kind: Kind
  #taken = 0

  constructor(kind: Kind) {
    this.#kind = kind
  }

  get taken(): number {
    return this.#taken
  }

  /** Takes a place until the answer is called. */
  take(isKnown: boolean): () => void {
    const { code, what, hint } = this.#kind
    const limit = isKnown ? limits.all : limits.strangers
    if (this.#taken >= limit)
      throw new WebError(code, `${limit} ${what} already`, {
        status: 503,
        hint,
        headers: { 'Retry-After': '10' },
      })
    this.#taken++
    return () => void this.#taken--
  }
}
