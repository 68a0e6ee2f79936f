import { z } from 'zod'

/** What a deployment used, so that one that repeats it uses the same. Values of variables never stand in it. */
export const Made = z.strictObject({
  /** By the name that the declaration gives an image (in a compose project: its service): a digest, or an image's id. */
  images: z.record(z.string().max(500), z.string().max(500)).default({}),
  /** The names of the variables that were given. */
  env: z.array(z.string().max(500)).default([]),
  /** What was applied in its resolved form, such as the compose file; without values that are secret. */
  resolved: z.string().max(262_144).optional(),
})
export type Made = z.infer<typeof Made>
