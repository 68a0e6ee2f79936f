import type { Clock, Logger, PlacementRef } from '@longshore/core'

/** Milliseconds until a source that ended or failed is asked again: the first time, and at most. */
const firstPause = 1_000
const longestPause = 60_000

/**
 * Reads a source until the signal aborts, and again when it ends or fails, after pauses that grow. `read` calls back
 * whenever something came.
 */
export async function persist(
  read: (came: () => void) => Promise<void>,
  placement: PlacementRef,
  { clock, log }: { clock: Clock; log: Logger },
  signal: AbortSignal,
): Promise<void> {
  let pause = firstPause
  while (!signal.aborted) {
    try {
      await read(() => (pause = firstPause))
    } catch (error) {
      if (!signal.aborted)
        log.warn({ ...placement, error }, 'what a service prints or uses cannot be read; it is tried again')
    }
    await clock.sleep(pause, signal).catch(() => undefined)
    pause = Math.min(longestPause, 2 * pause)
  }
}
