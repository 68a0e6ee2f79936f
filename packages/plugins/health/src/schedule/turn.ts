import type { Clock } from '@longshore/core'
import type { Due } from './heap.js'
import type { Places } from './places.js'

/** Milliseconds after which a look that did not begin is missed, and not begun any more. */
export const lateMost = 1_000
/** Milliseconds that a look may still take after its signal aborted. */
const grace = 1_000
/** From so many milliseconds on a target is slow. */
const slowAfter = 1_000
/** Milliseconds within which the first look begins, however rare they are. */
const firstWithin = 60_000

/** A look: `extra` while nobody's turn has come, and somebody only wants to know sooner. */
export interface Look {
  extra: boolean
}

/** What is looked at again and again. */
export interface Task {
  /** Where in its interval it begins is made of this. */
  key: string
  /** Milliseconds. */
  every: number
  timeout: number
  /** One look; it ends when the signal aborts. */
  look(signal: AbortSignal, look: Look): Promise<void>
  /** So many looks did not begin in time. */
  missed(count: number): void
}

/** The time of a look is over. */
class LateError extends Error {
  override readonly name = 'TimeoutError'
}
/** Longshore itself stood still: what became of a look meanwhile says nothing. */
export class StalledError extends Error {}
/** Nobody wants to know any more. */
export class LeftError extends Error {}

interface Running extends Look {
  controller: AbortController
  /** Whether it counts as slow. */
  slow: boolean
  /** Monotonic milliseconds: when its time is over, and when the next thing is to be done about it. */
  until: number
  next: number
  /** Ends it for everybody, whether it has ended or not. */
  leave(): void
}

export interface TurnParts {
  clock: Clock
  places: Places<Turn>
  /** Those that were slow the last time. */
  slow: WeakSet<Task>
  push(due: Due): void
}

/** One task's turns: it never overlaps itself, and what was missed is not caught up. */
export class Turn {
  readonly #task: Task
  readonly #parts: TurnParts
  readonly #phase: number
  #waiting: (Look & { over: Promise<void>; end: () => void }) | undefined
  #running: Running | undefined
  /** Whether its deadline is among what is due: it has one entry there, not one for each look. */
  #watched = false
  #ended = false
  constructor(task: Task, parts: TurnParts) {
    this.#task = task
    this.#parts = parts
    this.#phase = hash(task.key)
  }

  /** As what the next look is let in: by how the last one was. */
  get slow(): boolean {
    return this.#parts.slow.has(this.#task)
  }

  begin(): void {
    const now = this.#parts.clock.monotonic()
    const rare = this.#task.every > firstWithin
    this.#due(rare ? now + this.#phase * firstWithin : this.#next(now))
  }

  /** A look as soon as there is room; the one that waits or is under way, if any. Resolves when it has ended. */
  async now(): Promise<void> {
    if (!this.#ended) await this.#want(true)
  }

  /** The last look is aborted; resolves when it has ended. */
  async end(): Promise<void> {
    this.#ended = true
    const { places } = this.#parts
    const over = this.#waiting?.over
    if (!this.#running) {
      places.forget(this)
      this.#waiting?.end()
    }
    this.#running?.controller.abort(new LeftError())
    await over
  }

  /** Turns lie where the hash of the key puts them, whenever this began: over the interval they are spread evenly. */
  #next(now: number): number {
    const { every } = this.#task
    const phase = this.#phase * every
    return (Math.floor((now - phase) / every) + 1) * every + phase
  }

  #due(at: number): void {
    this.#parts.push({ at, turn: (now) => this.#ended || this.#turn(at, now) })
  }

  #turn(at: number, now: number): void {
    const { every } = this.#task
    const late = now - at > lateMost
    const busy = this.#waiting !== undefined && !this.#waiting.extra
    const count = Math.floor((now - at) / every) + (late || busy ? 1 : 0)
    if (count > 0) this.#task.missed(count)
    this.#due(this.#next(now))
    if (!late && !busy) void this.#want(false)
  }

  #want(extra: boolean): Promise<void> {
    if (this.#waiting) {
      // What somebody only wanted to know sooner is the regular look now.
      this.#waiting.extra &&= extra
      if (this.#running) this.#running.extra &&= extra
      return this.#waiting.over
    }
    let end!: () => void
    const over = new Promise<void>((resolve) => (end = resolve))
    this.#waiting = { extra, over, end }
    this.#parts.places.ask(this)
    return over
  }

  /** A place is free for it. */
  enter(): void {
    const { clock, places, slow } = this.#parts
    const task = this.#task
    const { end, extra } = this.#waiting!
    const controller = new AbortController()
    const began = clock.monotonic()
    const until = began + task.timeout
    let leave!: () => void
    const left = new Promise<void>((resolve) => (leave = resolve))
    const next = this.slow ? until : Math.min(until, began + slowAfter)
    const running: Running = { extra, controller, slow: this.slow, until, next, leave }
    this.#running = running
    this.#watch()
    const looked = task.look(controller.signal, running).catch(() => undefined)
    void Promise.race([looked, left]).then(() => {
      if (clock.monotonic() - began >= slowAfter) slow.add(task)
      else slow.delete(task)
      this.#running = this.#waiting = undefined
      places.leave(running.slow)
      end()
    })
  }

  #watch(): void {
    if (this.#watched) return
    this.#watched = true
    this.#parts.push({ at: this.#running!.next, turn: (now, stalled) => this.#overdue(now, stalled) })
  }

  #overdue(now: number, stalled: boolean): void {
    this.#watched = false
    const running = this.#running
    if (!running) return
    if (running.next <= now && !running.slow) {
      running.slow = true
      this.#parts.places.slowed()
    }
    if (running.until <= now) return this.#late(running, now, stalled)
    if (running.next <= now) running.next = running.until
    this.#watch()
  }

  #late(running: Running, now: number, stalled: boolean): void {
    const { timeout } = this.#task
    running.controller.abort(stalled ? new StalledError() : new LateError(`took longer than ${timeout} ms`))
    this.#parts.push({ at: now + grace, turn: running.leave })
  }
}

/** A number from 0 to 1 that is always the same for a text (FNV-1a, and a mix of its bits at the end). */
function hash(text: string): number {
  let sum = 0x811c9dc5
  for (let index = 0; index < text.length; index++) sum = Math.imul(sum ^ text.charCodeAt(index), 0x01000193)
  sum = Math.imul(sum ^ (sum >>> 15), 0x2c1b3c6d)
  sum ^= sum >>> 12
  return (sum >>> 0) / 2 ** 32
}
