import type { Caller } from '@longshore/core'
import { isKnown } from './entry.js'
import { WebError } from './errors.js'
import { Tally } from './tally.js'

const limits = { all: 250, strangers: 200, each: 150 }

/** What the places of one door are for, and what is answered when there are none. */
interface Kind {
  code: string
  what: string
  hint: string
}

/**
 * How many requests of a kind are worked on at the same time, at one door. The last places are for those who show who
 * they are: whatever anybody else asks for, and however long, does not keep them out; nor does any one of them, who has
 * not all. Together the kinds have fewer places than a door has connections, so that there is always one to give up for a
 * newer one.
 */
export class Places {
  readonly #kind: Kind
  readonly #tally = new Tally()
  #taken = 0

  constructor(kind: Kind) {
    this.#kind = kind
  }

  get taken(): number {
    return this.#taken
  }

  /** Takes a place until the answer is called. */
  take(caller: Caller): () => void {
    const limit = isKnown(caller) ? limits.all : limits.strangers
    if (this.#taken >= limit) throw this.#full(limit)
    if (isKnown(caller) && this.#tally.of(caller.id) >= limits.each) throw this.#full(limits.each)
    this.#taken++
    const undo = this.#tally.add(caller.id)
    return () => {
      this.#taken--
      undo()
    }
  }

  #full(limit: number): WebError {
    const { code, what, hint } = this.#kind
    const headers = { 'Retry-After': '10' }
    return new WebError(code, `${limit} ${what} already`, { status: 503, hint, headers })
  }
}
