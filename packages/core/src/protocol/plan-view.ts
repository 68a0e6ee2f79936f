import { z } from 'zod'
import { Commit } from './commit.js'
import { HostName, ServiceName, Timestamp } from './names.js'
import { Preview } from './preview.js'

/** What a deployment would change, host untouched. */
export const PlanView = z
  .strictObject({
    service: ServiceName,
    host: HostName,
    /** What would be brought. */
    commit: Commit,
    /** What runs now. */
    from: Commit.optional(),
    /** The paths that differ from what runs; absent where that cannot be told. */
    files: z.array(z.string()).optional(),
    /** Why it would not be brought as things are: what bars it, or lets it wait. */
    barred: z.strictObject({ code: z.string(), reason: z.string(), until: Timestamp.optional() }).optional(),
    /** Absent where the run kind cannot tell. */
    preview: Preview.optional(),
  })
  .meta({ id: 'PlanView' })
export type PlanView = z.infer<typeof PlanView>
