import { UnavailableError } from '@longshore/core'

/** Who may wait at most; whoever comes later is turned away. */
const queue = 10_000

interface Waiting {
  key: string
  enter: () => void
}

/** At most `total` at once, and at most `each` under one key, so that a host that hangs holds up only its own. */
export class Limiter {
  readonly #running = new Map<string, number>()
  readonly #waiting: Waiting[] = []
  readonly #total: number
  readonly #each: number
  #count = 0

  constructor(total: number, each = total) {
    this.#total = total
    this.#each = each
  }

  /** Runs the work when there is room; leaves the queue when the signal aborts first. */
  async run<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted()
    if (this.#fits(key)) this.#take(key)
    else await this.#wait(key, signal)
    try {
      return await work()
    } finally {
      this.#leave(key)
    }
  }

  #fits(key: string): boolean {
    return this.#count < this.#total && (this.#running.get(key) ?? 0) < this.#each
  }

  #take(key: string): void {
    this.#count++
    this.#running.set(key, (this.#running.get(key) ?? 0) + 1)
  }

  #leave(key: string): void {
    const left = this.#running.get(key)! - 1
    if (left === 0) this.#running.delete(key)
    else this.#running.set(key, left)
    this.#count--
    const next = this.#waiting.findIndex((each) => this.#fits(each.key))
    if (next >= 0) this.#waiting.splice(next, 1)[0]!.enter()
  }

  #wait(key: string, signal: AbortSignal): Promise<void> {
    if (this.#waiting.length >= queue) {
      throw new UnavailableError('GIT_BUSY', `${queue} git operations wait already`, {
        hint: 'Poll less often, or spread the services over more hosts.',
      })
    }
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
        reject(signal.reason as Error)
      }
      const enter = () => {
        signal.removeEventListener('abort', abort)
        this.#take(key)
        resolve()
      }
      const waiting = { key, enter }
      this.#waiting.push(waiting)
      signal.addEventListener('abort', abort, { once: true })
    })
  }
}
