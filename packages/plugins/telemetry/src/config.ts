import { Duration, Size } from '@longshore/core/protocol'
import { z } from 'zod'

/** The section `telemetry`. */
export const TelemetryConfig = z
  .strictObject({
    /** What is kept of each service's lines: neither older than `age` nor, on disk, more than `size`. */
    logs: z
      .strictObject({
        age: Duration.refine((value) => value >= 60_000, {
          error: 'lines are kept for at least 1m',
        }).prefault('14d'),
        size: Size.refine((value) => value >= 2 ** 20, { error: 'lines have at least 1MiB' }).prefault(
          '1GiB',
        ),
      })
      .prefault({}),
  })
  .prefault({})
export type TelemetryConfig = z.infer<typeof TelemetryConfig>
