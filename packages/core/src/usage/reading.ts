/**
 * What an instance has used so far and uses now, as its system tells it. What is not told is absent. All but `memory`,
 * its limit and `pids` only grow, until whoever counts begins anew.
 */
export interface Reading {
  /** Milliseconds of CPU time. */
  cpu?: number
  /** Bytes, as in `Sample`. */
  memory?: number
  memoryLimit?: number
  networkIn?: number
  networkOut?: number
  blockRead?: number
  blockWritten?: number
  pids?: number
}

/** Only what is a number, and none that is negative: whatever the system says, no sample is out of its bounds. */
export function readingOf(figures: { [Name in keyof Reading]: number | undefined }): Reading {
  const told = Object.entries(figures).filter(([, figure]) => figure !== undefined && Number.isFinite(figure))
  return Object.fromEntries(told.map(([name, figure]) => [name, Math.max(0, figure!)]))
}
