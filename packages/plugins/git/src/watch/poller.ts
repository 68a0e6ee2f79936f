import { describeError, type Clock, type Logger } from '@longshore/core'
import { refMissing } from '../errors.js'
import type { Heads } from '../remote/ls-refs.js'
import { candidates } from '../remote/refs.js'
import type { Sightings } from './sightings.js'

/** One service that follows a ref of the repository. */
export interface Follower {
  ref: string
  /** Milliseconds between two looks. */
  poll: number
  sightings: Sightings
}

/** Milliseconds between two looks at a server that fails, at most. */
const longest = 600_000
/** Why a wait ends; made once, because an error costs more than a look. */
const over = new Error('over')
/** As long as a timer can. */
const never = 2 ** 31 / 1.1 - 1

/** Looks at one repository for all that follow it, as often as the most eager of them asks. */
export class Poller {
  readonly #followers = new Set<Follower>()
  readonly #look: (refs: string[], signal: AbortSignal) => Promise<Heads>
  readonly #clock: Clock
  readonly #log: Logger
  readonly #pinned: boolean
  #ending: AbortController | undefined
  #waking = new AbortController()

  constructor(
    look: (refs: string[], signal: AbortSignal) => Promise<Heads>,
    clock: Clock,
    log: Logger,
    pinned = false,
  ) {
    this.#look = look
    this.#clock = clock
    this.#log = log
    this.#pinned = pinned
  }

  /** Follows until the answer is called; the first look is at once. */
  join(follower: Follower): () => void {
    this.#followers.add(follower)
    this.#waking.abort(over)
    if (!this.#ending) {
      this.#ending = new AbortController()
      void this.#run(this.#ending.signal)
    }
    return () => {
      this.#followers.delete(follower)
      if (this.#followers.size > 0) return
      this.#ending?.abort(over)
      this.#ending = undefined
    }
  }

  get idle(): boolean {
    return this.#followers.size === 0
  }

  async #run(signal: AbortSignal): Promise<void> {
    // Whoever joins in the same turn shares the first look.
    await Promise.resolve()
    for (let failures = 0; !signal.aborted;) {
      this.#waking = new AbortController()
      const seen = await this.#once(signal)
      if (signal.aborted) return
      failures = seen ? 0 : failures + 1
      await this.#rest(failures, signal)
    }
  }

  /** One look; whether the server answered. */
  async #once(signal: AbortSignal): Promise<boolean> {
    const followers = [...this.#followers]
    try {
      const heads = await this.#look([...new Set(followers.flatMap(({ ref }) => candidates(ref)))], signal)
      for (const { ref, sightings } of followers) {
        const sha = candidates(ref)
          .map((name) => heads.get(name))
          .find((each) => each !== undefined)
        if (sha) sightings.head(sha)
        else sightings.trouble('GIT_REF_MISSING', refMissing(ref).message)
      }
      return true
    } catch (error) {
      if (signal.aborted) return false
      const { code, reason } = describeError(error)
      this.#log.debug({ code, reason }, 'a look at a repository failed')
      for (const { sightings } of followers) sightings.trouble(code, reason)
      return false
    }
  }

  /** Waits for the next look: the interval, doubled with each failure, give or take a tenth. */
  async #rest(failures: number, signal: AbortSignal): Promise<void> {
    const poll = Math.min(...[...this.#followers].map((each) => each.poll))
    const wait =
      failures === 0
        ? this.#pinned
          ? never
          : poll
        : Math.min(poll * 2 ** Math.min(failures, 30), Math.max(longest, poll))
    const woken = this.#waking
    const end = () => woken.abort(over)
    signal.addEventListener('abort', end, { once: true })
    await this.#clock.sleep(wait * (0.9 + 0.2 * Math.random()), woken.signal).catch(() => undefined)
    signal.removeEventListener('abort', end)
  }
}
