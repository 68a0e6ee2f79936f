import { z } from 'zod'
import { HostName, Timestamp } from './names.js'

/** A machine that runs Longshore, as the journal tells it. */
export const HostState = z.strictObject({
  host: HostName,
  /** The engines that do not answer: nothing of what they run is known now. */
  away: z.record(
    z.string(),
    z.strictObject({
      /** The run kinds that need it. */
      kinds: z.array(z.string()),
      code: z.string(),
      reason: z.string(),
      since: Timestamp,
    }),
  ),
})
export type HostState = z.infer<typeof HostState>
