import { describeError, type Logger } from '@longshore/core'
import { refMissing } from '../errors.js'
import type { Heads } from '../remote/ls-refs.js'
import { candidates } from '../remote/refs.js'
import type { SlackTimer } from './slack-timer.js'
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
/** Why following ends; made once, because an error costs more than a look. */
const over = new Error('over')
/** Longer than anything runs. */
const never = 2 ** 52

/** From the first who follows to the last who leaves. */
interface Stretch {
  ending: AbortController
  /** Somebody joined or asked for a look since the last one began. */
  asked: boolean
  /** Ends the rest between two looks. */
  wake: () => void
}

/** What one look asks for, and for whom; the same until somebody joins or leaves. */
interface Round {
  refs: string[]
  each: { follower: Follower; names: string[] }[]
}

/** Looks at one repository for all that follow it, as often as the most eager of them asks. */
export class Poller {
  readonly #followers = new Set<Follower>()
  readonly #look: (refs: string[], signal: AbortSignal) => Promise<Heads>
  readonly #timer: SlackTimer
  readonly #log: Logger
  readonly #pinned: boolean
  #stretch: Stretch | undefined
  #round: Round | undefined

  constructor(
    look: (refs: string[], signal: AbortSignal) => Promise<Heads>,
    timer: SlackTimer,
    log: Logger,
    pinned = false,
  ) {
    this.#look = look
    this.#timer = timer
    this.#log = log
    this.#pinned = pinned
  }

  /** Follows until the answer is called; the first look is at once. */
  join(follower: Follower): () => void {
    this.#followers.add(follower)
    this.#round = undefined
    if (this.#stretch) this.nudge()
    else {
      this.#stretch = { ending: new AbortController(), asked: false, wake: () => undefined }
      void this.#run(this.#stretch)
    }
    return () => {
      this.#followers.delete(follower)
      this.#round = undefined
      if (this.#followers.size > 0 || !this.#stretch) return
      this.#stretch.ending.abort(over)
      this.#stretch.wake()
      this.#stretch = undefined
    }
  }

  /** Looks at once, or once more after the look that is under way. */
  nudge(): void {
    if (!this.#stretch) return
    this.#stretch.asked = true
    this.#stretch.wake()
  }

  get idle(): boolean {
    return this.#followers.size === 0
  }

  async #run(stretch: Stretch): Promise<void> {
    const { signal } = stretch.ending
    // Whoever joins in the same turn shares the first look.
    await Promise.resolve()
    for (let failures = 0; !signal.aborted;) {
      stretch.asked = false
      const seen = await this.#once(signal)
      if (signal.aborted) return
      failures = seen ? 0 : failures + 1
      if (!stretch.asked) await this.#rest(failures, stretch)
    }
  }

  /** One look; whether the server answered. */
  async #once(signal: AbortSignal): Promise<boolean> {
    const { refs, each } = (this.#round ??= roundOf(this.#followers))
    try {
      const heads = await this.#look(refs, signal)
      for (const { follower, names } of each) {
        const name = names.find((candidate) => heads.has(candidate))
        if (name !== undefined) follower.sightings.head(heads.get(name)!)
        else follower.sightings.trouble('GIT_REF_MISSING', refMissing(follower.ref).message)
      }
      return true
    } catch (error) {
      if (signal.aborted) return false
      const { code, reason } = describeError(error)
      this.#log.debug({ code, reason }, 'a look at a repository failed')
      for (const { follower } of each) follower.sightings.trouble(code, reason)
      return false
    }
  }

  /** Waits for the next look: the interval, doubled with each failure, give or take a tenth. */
  #rest(failures: number, stretch: Stretch): Promise<void> {
    const poll = Math.min(...[...this.#followers].map((each) => each.poll))
    const wait =
      failures === 0
        ? this.#pinned
          ? never
          : poll
        : Math.min(poll * 2 ** Math.min(failures, 30), Math.max(longest, poll))
    return new Promise((resolve) => {
      const forget = this.#timer.wait(wait * 0.9, wait * 1.1, resolve)
      stretch.wake = () => {
        forget()
        resolve()
      }
    })
  }
}

function roundOf(followers: ReadonlySet<Follower>): Round {
  const each = [...followers].map((follower) => ({ follower, names: candidates(follower.ref) }))
  return { refs: [...new Set(each.flatMap(({ names }) => names))], each }
}
