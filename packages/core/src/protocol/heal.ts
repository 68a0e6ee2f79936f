import type { Placement } from './placement.js'

/** Milliseconds before each try; there are as many as there are pauses. */
const pauses = [0, 5_000, 30_000, 120_000, 300_000]

/** When healing shall try next (ms since the epoch), `never`, or `gaveUp` when it has tried often enough. */
export function nextHeal({ drift, declared, hold, running }: Placement): number | 'never' | 'gaveUp' {
  if (!declared || hold || !running || !drift || drift.differences.length === 0 || drift.gaveUp)
    return 'never'
  const pause = pauses[drift.tries]
  if (pause === undefined) return 'gaveUp'
  return Math.max(Date.parse(drift.since), Date.parse(drift.tried ?? drift.since) + pause)
}
