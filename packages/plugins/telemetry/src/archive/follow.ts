import type { Clock, PlacementRef, Telemetry } from '@longshore/core'
import type { Archive } from './archive.js'
import { Recent } from './recent.js'

/** Brings what a source prints into the archive, from where that stands, until the source ends or the signal aborts. */
export async function follow(
  telemetry: Telemetry,
  placement: PlacementRef,
  { archive, clock, came }: { archive: Archive; clock: Clock; came(): void },
  signal: AbortSignal,
): Promise<void> {
  const recent = await Recent.of(archive, clock.now())
  const query = { ...placement, follow: true, since: recent.since }
  for await (const { lines, skipped } of telemetry.logs(query, signal)) {
    const fresh = lines.filter((line) => !recent.has(line))
    // The source waits meanwhile: nothing is gathered between it and the disk.
    if (fresh.length + skipped > 0) await archive.append(fresh, skipped)
    came()
  }
}
