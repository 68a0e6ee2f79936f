import type { PlacementRef, Telemetry } from '@longshore/core'
import { fineStep, type Series } from './series.js'

/** Brings what a service's instances use into the series, until the source ends or the signal aborts. */
export async function sample(
  telemetry: Telemetry,
  placement: PlacementRef,
  series: Series,
  signal: AbortSignal,
): Promise<void> {
  for await (const samples of telemetry.stats({ ...placement, every: fineStep }, signal))
    await series.add(placement.service, samples)
}
