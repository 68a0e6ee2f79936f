import type { Clock } from '../kernel/clock.js'

/** Milliseconds of work after which an earlier failure says nothing about the next one. */
const wellAfter = 60_000

/**
 * Does the work until it succeeds, waiting longer after each failure, `longest` ms at most. Ends otherwise only by the
 * signal, or by `failed` when that throws.
 */
export async function persist<T>(
  clock: Clock,
  signal: AbortSignal,
  work: () => Promise<T>,
  failed: (error: unknown, wait: number) => Promise<void> | void,
  longest = 600_000,
): Promise<T | undefined> {
  for (let wait = 1_000; !signal.aborted; wait = Math.min(2 * wait, longest)) {
    const began = clock.monotonic()
    try {
      return await work()
    } catch (error) {
      if (signal.aborted) return
      if (clock.monotonic() - began > wellAfter) wait = 1_000
      const jittered = Math.round(wait * (0.9 + 0.2 * Math.random()))
      await failed(error, jittered)
      await clock.sleep(jittered, signal).catch(() => undefined)
    }
  }
}
