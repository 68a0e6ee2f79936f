import { createHash } from 'node:crypto'
import type { Clock } from '@longshore/core'
import { WebError } from './errors.js'
import { invalid } from './input.js'

/** How many answers are kept, the newest: of all, and of each who asks; and for how many milliseconds. */
const kept = { most: 10_000, each: 500, time: 24 * 3_600_000 }

interface Asked {
  /** The id of who asks. */
  by: string
  /** Path and query. */
  what: string
  body: unknown
  /** The answer is shown this once and kept nowhere. */
  once: boolean
}

interface First {
  print: string
  at: number
  /** Undefined: it was done, and what was answered is not kept. */
  answer: Promise<unknown> | undefined
  /** It is being done: nothing pushes it out. */
  underWay: boolean
}

/**
 * What was asked for once is done once: a POST with an `Idempotency-Key` that came before is answered as it was then
 * (draft-ietf-httpapi-idempotency-key-header). What failed is not kept: it may be tried again by the same key. Kept in
 * memory, so a key holds as long as the process lives.
 */
export class Repeats {
  readonly #clock: Clock
  /** By who asks, and by key: nobody pushes out the keys of others. */
  readonly #firsts = new Map<string, Map<string, First>>()
  #count = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Does the work, unless the same was asked for before. Errors: WEB_KEY_REUSED, for something else by the same key;
   * WEB_KEY_DONE, for what was done and showed its answer that once.
   */
  async answer(key: string, { by, what, body, once }: Asked, work: () => Promise<unknown>) {
    if (!/^[\x21-\x7e]{1,255}$/.test(key))
      throw invalid([{ path: 'headers.idempotency-key', message: '1 to 255 visible ASCII characters' }])
    const print = createHash('sha256')
      .update(JSON.stringify([what, body]))
      .digest('base64')
    this.#forget()
    const first = this.#firsts.get(by)?.get(key)
    if (!first) return this.#begin({ by, key, print, once }, work)
    if (first.print !== print) throw reused()
    if (!first.answer) throw done()
    return first.answer
  }

  async #begin(
    { by, key, print, once }: { by: string; key: string; print: string; once: boolean },
    work: () => Promise<unknown>,
  ): Promise<unknown> {
    const own = this.#firsts.get(by) ?? new Map<string, First>()
    if (own.size >= kept.each) this.#removeOldest(by, own)
    if (this.#count >= kept.most) this.#makeRoom()
    const answer = work()
    const at = this.#clock.monotonic()
    const first: First = { print, at, answer: once ? undefined : answer, underWay: true }
    this.#firsts.set(by, own)
    own.set(key, first)
    this.#count++
    try {
      return await answer
    } catch (error) {
      this.#remove(by, key)
      throw error
    } finally {
      first.underWay = false
    }
  }

  /** Who has most gives up the oldest. */
  #makeRoom(): void {
    const [by, own] = [...this.#firsts].reduce((a, b) => (b[1].size > a[1].size ? b : a))
    this.#removeOldest(by, own)
  }

  /** Those under way are few: a door has so many places. */
  #removeOldest(by: string, own: Map<string, First>): void {
    for (const [key, { underWay }] of own) if (!underWay) return this.#remove(by, key)
  }

  #remove(by: string, key: string): void {
    const own = this.#firsts.get(by)
    if (own?.delete(key)) this.#count--
    if (own?.size === 0) this.#firsts.delete(by)
  }

  /** The oldest of each stand first. */
  #forget(): void {
    const old = this.#clock.monotonic() - kept.time
    for (const [by, own] of this.#firsts) {
      for (const [key, { at }] of own) {
        if (at > old) break
        this.#remove(by, key)
      }
    }
  }
}

function reused(): WebError {
  return new WebError('WEB_KEY_REUSED', 'this Idempotency-Key came with another request', {
    status: 422,
    hint: 'Make a new key for each thing that you ask for, and repeat one only with the same request.',
  })
}

function done(): WebError {
  return new WebError('WEB_KEY_DONE', 'this was asked for before, and its answer was shown that once', {
    status: 409,
    hint: 'Look whether it is there. If its answer was lost, undo it and ask anew with another key.',
  })
}
