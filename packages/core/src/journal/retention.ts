import type { Storage } from '../contracts/storage.js'
import type { Clock } from '../kernel/clock.js'
import type { Logger } from '../kernel/logger.js'

/** Milliseconds between two looks for events that are past their time. */
const every = 3_600_000

/** Removes events that are older than `keep` says (ms; undefined: for ever), now and then, until the signal aborts. */
export async function retain(
  { storage, clock, log, keep }: { storage: Storage; clock: Clock; log: Logger; keep(): number | undefined },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const age = keep()
    const removed = age === undefined ? 0 : await storage.prune(clock.now() - age)
    if (removed > 0) log.info({ removed }, 'events past their retention were removed')
    await clock.sleep(every, signal).catch(() => undefined)
  }
}
