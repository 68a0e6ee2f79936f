import type { Verdict } from '@longshore/core'

export type CheckWord = 'healthy' | 'unhealthy' | 'unknown'

/** What is known of a check. */
export interface Standing {
  state: CheckWord
  /** Why it is ill. */
  reason?: string
  /** Milliseconds since the epoch; absent while nothing is known. */
  since?: number
}

/** Makes a state of verdicts: it changes when enough of them in a row say so. */
export class Judge {
  readonly #after: { unhealthyAfter: number; healthyAfter: number }
  #standing: Standing = { state: 'unknown' }
  #well = 0
  #ill = 0

  constructor(after: { unhealthyAfter: number; healthyAfter: number }) {
    this.#after = after
  }

  get standing(): Standing {
    return this.#standing
  }

  /** Begins with what is known; verdicts before it count no more. */
  begin(standing: Standing = { state: 'unknown' }): void {
    this.#standing = standing
    this.#well = this.#ill = 0
  }

  /** Answers whether the state changed. A look that saw nothing changes nothing. */
  take(verdict: Verdict, now: number): boolean {
    if (verdict.state === 'unknown') return false
    const well = verdict.state === 'healthy'
    this.#well = well ? this.#well + 1 : 0
    this.#ill = well ? 0 : this.#ill + 1
    const enough = well ? this.#well >= this.#after.healthyAfter : this.#ill >= this.#after.unhealthyAfter
    if (!enough || this.#standing.state === verdict.state) return false
    this.#standing = { state: verdict.state, since: now, ...(!well && { reason: verdict.reason }) }
    return true
  }
}
