import { isDrifted } from './desired.js'
import type { Placement } from './placement.js'

/** Milliseconds before each try; there are as many as there are pauses. */
const pauses = [0, 5_000, 30_000, 120_000, 300_000]
/** Milliseconds for which what was just deployed is not judged by what was told before: its runtime looks at it first. */
const settling = 2_000

/** What healing does next, and when (ms since the epoch). */
export interface NextHeal {
  act: 'try' | 'give up'
  at: number
}

/** What healing a placement shall do next; undefined: nothing, until something newer is known of it. */
export function nextHeal(placement: Placement): NextHeal | undefined {
  const { declared, hold, running, deployment, drift } = placement
  if (!declared || hold || deployment || !running || !drift || drift.gaveUp || !isDrifted(placement))
    return undefined
  const pause = pauses[drift.tries]
  const tried = drift.tried === undefined ? 0 : Date.parse(drift.tried) + (pause ?? 0)
  const at = Math.max(Date.parse(drift.since), tried, Date.parse(running.since) + settling)
  return { act: pause === undefined ? 'give up' : 'try', at }
}
