import { z } from 'zod'

/** The section `storage-lmdb`. */
export const StorageLmdbConfig = z
  .strictObject({
    /** Events in a segment file: the step in which retention gives disk back. */
    segment: z.int().min(1_024).max(65_536).default(32_768),
  })
  .prefault({})
export type StorageLmdbConfig = z.infer<typeof StorageLmdbConfig>
