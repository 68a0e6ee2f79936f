import type { Clock } from '@longshore/core'
import { Heap, type Due } from './heap.js'
import { Places, type Room } from './places.js'
import { lateMost, Turn, type Task } from './turn.js'

/** Milliseconds between two wakings at least: what is due within them begins together. */
const tick = 5
/** Milliseconds: it sleeps no longer. */
const longest = 60_000

/** Looks at everything in its turn, all by one timer. */
export class Scheduler {
  readonly #clock: Clock
  readonly #turns = new Map<Task, Turn>()
  readonly #heap = new Heap<Due>()
  readonly #places: Places<Turn>
  readonly #slow = new WeakSet<Task>()
  #wake = new AbortController()
  #wakesAt = Infinity

  constructor(clock: Clock, room: Room = { prompt: 500, slow: 500, all: 4_000 }) {
    this.#clock = clock
    this.#places = new Places(room)
  }

  /** Looks under way, and looks that wait for a place. */
  get load(): { running: number; waiting: number } {
    return { running: this.#places.taken, waiting: this.#places.waiting }
  }

  /** From now on it is looked at, if it was not already. */
  add(task: Task): void {
    if (this.#turns.has(task)) return
    const push = (due: Due) => this.#push(due)
    const turn = new Turn(task, { clock: this.#clock, places: this.#places, slow: this.#slow, push })
    this.#turns.set(task, turn)
    turn.begin()
  }

  /** No look begins any more; one under way is aborted. */
  remove(task: Task): void {
    void this.#turns.get(task)?.end()
    this.#turns.delete(task)
  }

  /** Looks soon, beside the regular looks; resolves when that look has ended. */
  async now(task: Task): Promise<void> {
    await this.#turns.get(task)?.now()
  }

  /** Until the signal aborts; resolves when every look has ended. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = () => this.#wake.abort()
    signal.addEventListener('abort', stop, { once: true })
    while (!signal.aborted) {
      const now = this.#clock.monotonic()
      this.#wakesAt = Math.min(Math.max(this.#heap.first?.at ?? Infinity, now + tick), now + longest)
      if (this.#wake.signal.aborted) this.#wake = new AbortController()
      await this.#clock.sleep(this.#wakesAt - now, this.#wake.signal).catch(() => undefined)
      const woken = this.#clock.monotonic()
      if (!signal.aborted) this.#begin(woken, woken - this.#wakesAt > lateMost)
    }
    const ended = [...this.#turns.values()].map((turn) => turn.end())
    this.#turns.clear()
    await Promise.all(ended)
  }

  #begin(now: number, stalled: boolean): void {
    for (let due = this.#heap.first; due !== undefined && due.at <= now; due = this.#heap.first) {
      this.#heap.pop()
      due.turn(now, stalled)
    }
  }

  #push(due: Due): void {
    this.#heap.push(due)
    if (due.at < this.#wakesAt - tick) this.#wake.abort()
  }
}
