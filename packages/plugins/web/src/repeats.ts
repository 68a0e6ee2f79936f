import { createHash } from 'node:crypto'
import type { Clock } from '@longshore/core'
import { WebError } from './errors.js'
import { invalid } from './input.js'

/** How many answers are kept, the newest, and for how many milliseconds. */
const kept = { most: 10_000, time: 24 * 3_600_000 }

interface Asked {
  /** The id of who asks. */
  by: string
  /** Path and query. */
  what: string
  body: unknown
}

interface First {
  print: string
  at: number
  answer: Promise<unknown>
}

/**
 * What was asked for once is done once: a POST with an `Idempotency-Key` that came before is answered as it was then
 * (draft-ietf-httpapi-idempotency-key-header). What failed is not kept: it may be tried again by the same key. Kept in
 * memory, so a key holds as long as the process lives.
 */
export class Repeats {
  readonly #clock: Clock
  readonly #firsts = new Map<string, First>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Does the work, unless the same was asked for before. Errors: WEB_KEY_REUSED, for something else by the same key. */
  async answer(key: string | undefined, { by, what, body }: Asked, work: () => Promise<unknown>) {
    // What is raw proves by itself who sent it, each time.
    if (key === undefined || body instanceof Uint8Array) return work()
    if (!/^[\x21-\x7e]{1,255}$/.test(key))
      throw invalid([{ path: 'headers.idempotency-key', message: '1 to 255 visible ASCII characters' }])
    const name = JSON.stringify([by, key])
    const print = createHash('sha256')
      .update(JSON.stringify([what, body]))
      .digest('base64')
    this.#forget()
    const first = this.#firsts.get(name)
    if (first && first.print !== print) throw reused()
    return first ? first.answer : this.#begin(name, print, work)
  }

  async #begin(name: string, print: string, work: () => Promise<unknown>): Promise<unknown> {
    const answer = work()
    this.#firsts.set(name, { print, at: this.#clock.monotonic(), answer })
    try {
      return await answer
    } catch (error) {
      this.#firsts.delete(name)
      throw error
    }
  }

  /** The oldest stand first. */
  #forget(): void {
    const old = this.#clock.monotonic() - kept.time
    for (const [name, { at }] of this.#firsts) {
      if (this.#firsts.size < kept.most && at > old) return
      this.#firsts.delete(name)
    }
  }
}

function reused(): WebError {
  return new WebError('WEB_KEY_REUSED', 'this Idempotency-Key came with another request', {
    status: 422,
    hint: 'Make a new key for each thing that you ask for, and repeat one only with the same request.',
  })
}
