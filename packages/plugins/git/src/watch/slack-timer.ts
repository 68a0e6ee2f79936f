import type { Clock } from '@longshore/core'

/** Milliseconds between two moments at which waiters are woken together. */
const grid = 100
/** As long as a timer of Node can; a longer wait is slept in parts. */
const longest = 2 ** 31 - 1
/** Why a sleep ends for a nearer one; made once, because an error costs more than a sleep. */
const nearer = new Error('nearer')

/**
 * One timer for many who wait, with slack (as timer slack in a kernel): whoever may be woken at any time within a span is
 * woken with others, because a process that wakes up cold pays more for that than for what it then does.
 */
export class SlackTimer {
  readonly #clock: Clock
  /** Who is woken at which time of the monotonic clock. */
  readonly #waiting = new Map<number, Set<() => void>>()
  #armed: { at: number; sleep: AbortController } | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Calls back once, at a random time between so many milliseconds from now; calling the answer takes it back. */
  wait(least: number, most: number, wake: () => void): () => void {
    const now = this.#clock.monotonic()
    const [first, last] = [Math.ceil((now + least) / grid) * grid, Math.floor((now + most) / grid) * grid]
    const any = now + least + Math.random() * (most - least)
    const at = first > last ? any : Math.min(Math.max(Math.round(any / grid) * grid, first), last)
    const waiters = this.#waiting.get(at)
    if (waiters) waiters.add(wake)
    else this.#waiting.set(at, new Set([wake]))
    if (this.#armed === undefined || at < this.#armed.at) this.#arm(at)
    return () => this.#forget(at, wake)
  }

  #arm(at: number): void {
    this.#armed?.sleep.abort(nearer)
    const armed = { at, sleep: new AbortController() }
    this.#armed = armed
    const span = Math.min(Math.max(0, at - this.#clock.monotonic()), longest)
    this.#clock.sleep(span, armed.sleep.signal).then(
      () => this.#ring(),
      () => undefined,
    )
  }

  #ring(): void {
    this.#armed = undefined
    // A timer may fire a fraction of a millisecond early.
    const now = this.#clock.monotonic() + 1
    const due = [...this.#waiting].filter(([at]) => at <= now)
    for (const [at] of due) this.#waiting.delete(at)
    for (const [, waiters] of due) for (const wake of waiters) wake()
    this.#armNext()
  }

  #forget(at: number, wake: () => void): void {
    const waiters = this.#waiting.get(at)
    if (!waiters?.delete(wake) || waiters.size > 0) return
    this.#waiting.delete(at)
    if (this.#armed?.at !== at) return
    this.#armed.sleep.abort(nearer)
    this.#armed = undefined
    this.#armNext()
  }

  #armNext(): void {
    let next = Infinity
    for (const at of this.#waiting.keys()) if (at < next) next = at
    if (next < (this.#armed?.at ?? Infinity)) this.#arm(next)
  }
}
