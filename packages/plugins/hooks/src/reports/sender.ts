import { describeError, UnavailableError, within } from '@longshore/core'
import type { Clock, CommitStatus, Logger } from '@longshore/core'

/** How often a status is tried, the milliseconds between two tries, at first and at most, and those that one may take. */
const tries = { most: 8, first: 1_000, longest: 60_000, each: 10_000 }
/** Statuses that wait for one forge, and that are sent at the same time. */
const limits = { waiting: 1_000, atOnce: 2 }

export type Send = (status: CommitStatus, signal: AbortSignal) => Promise<void>

/**
 * Tells one forge of commits, beside everything else: what cannot be told now is tried again for some minutes, and of
 * several words about one commit the last one counts.
 */
export class Sender {
  readonly #send: Send
  readonly #clock: Clock
  readonly #log: Logger
  readonly #life: AbortSignal
  readonly #waiting = new Map<string, CommitStatus>()
  readonly #busy = new Set<string>()
  #workers = 0

  constructor(send: Send, clock: Clock, log: Logger, life: AbortSignal) {
    this.#send = send
    this.#clock = clock
    this.#log = log
    this.#life = life
  }

  tell(status: CommitStatus): void {
    const key = JSON.stringify([status.repository, status.sha, status.context])
    this.#waiting.delete(key)
    this.#waiting.set(key, status)
    const [[oldest, lost]] = this.#waiting as unknown as [[string, CommitStatus]]
    if (this.#waiting.size > limits.waiting) {
      this.#waiting.delete(oldest)
      this.#log.warn({ sha: lost.sha }, 'too many commit statuses wait: the oldest is never told')
    }
    if (this.#workers < limits.atOnce) void this.#work()
  }

  async #work(): Promise<void> {
    this.#workers++
    for (let next; !this.#life.aborted && (next = this.#next());) {
      const [key, status] = next
      this.#waiting.delete(key)
      this.#busy.add(key)
      await this.#tryAll(key, status).catch(() => undefined)
      this.#busy.delete(key)
    }
    this.#workers--
  }

  /** One word about a commit at a time, so that the last one is the last. */
  #next(): [string, CommitStatus] | undefined {
    return [...this.#waiting].find(([key]) => !this.#busy.has(key))
  }

  /** Until it was told, a newer word waits, it is of no use, or Longshore stops. */
  async #tryAll(key: string, status: CommitStatus): Promise<void> {
    const { sha, state, repository } = status
    for (let count = 1, wait = tries.first; !this.#waiting.has(key); count++) {
      try {
        const send = (signal: AbortSignal) => this.#send(status, signal)
        return await within(tries.each, 'telling a commit status', send, this.#life)
      } catch (error) {
        if (this.#life.aborted) return
        const again = error instanceof UnavailableError && count < tries.most
        const { code, reason } = describeError(error)
        this.#log.warn({ code, reason, repository, sha, state, again }, 'a commit status was not told')
        if (!again) return
      }
      await this.#clock.sleep(Math.round(wait * (0.9 + 0.2 * Math.random())), this.#life)
      wait = Math.min(2 * wait, tries.longest)
    }
  }
}
