import type { Clock, PlacementRef, Telemetry } from '@longshore/core'
import type { Archives } from './archives.js'
import { Recent } from './recent.js'

/** Brings what a source prints into its archive, from where that stands, until the source ends or the signal aborts. */
export async function follow(
  telemetry: Telemetry,
  placement: PlacementRef,
  { archives, clock }: { archives: Archives; clock: Clock },
  signal: AbortSignal,
): Promise<void> {
  const recent = await Recent.of(await archives.find(placement.service), clock.now())
  const query = { ...placement, follow: true, since: recent.since }
  for await (const { lines, skipped } of telemetry.logs(query, signal)) {
    const fresh = lines.filter((line) => !recent.has(line))
    if (fresh.length + skipped === 0) continue
    // Made by the first line: most services of a host are quiet. The source waits meanwhile, so that nothing is gathered.
    const archive = await archives.get(placement.service)
    await archive.append(fresh, skipped)
  }
}
