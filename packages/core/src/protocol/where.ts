import { z } from 'zod'
import { DeploymentId, HostName, ServiceName, Sha, Timestamp } from './names.js'

/** What a placement has to do with a commit: it, or one that contains it. */
export const WhereItem = z
  .strictObject({
    service: ServiceName,
    host: HostName,
    /** What runs and contains it, and since when that is so without a break. */
    runs: z.strictObject({ commit: Sha, since: Timestamp }).optional(),
    /** What should run and contains it: it runs as soon as it can. */
    would: Sha.optional(),
    /** The head contains it and is not let in yet. */
    waits: Sha.optional(),
    /** Commits that contain it and that the service can go back to. */
    back: z.array(Sha),
    /** The commit itself is barred from the service. */
    quarantined: z.boolean(),
    held: z.boolean(),
  })
  .meta({ id: 'WhereItem' })
export type WhereItem = z.infer<typeof WhereItem>

/** Where a commit runs, would run or could return to. */
export const Where = z
  .strictObject({
    commit: Sha,
    items: z.array(WhereItem),
    /** Services of which it cannot be told now. */
    unknown: z.array(
      z.strictObject({ service: ServiceName, host: HostName, code: z.string(), reason: z.string() }),
    ),
  })
  .meta({ id: 'Where' })
export type Where = z.infer<typeof Where>

/** What was done at all the places where a commit is. */
export const ActedWhere = z
  .strictObject({
    commit: Sha,
    items: z.array(
      z.strictObject({
        service: ServiceName,
        host: HostName,
        seq: z.int().optional(),
        deployment: DeploymentId.optional(),
        /** Why nothing was done here. */
        code: z.string().optional(),
        reason: z.string().optional(),
      }),
    ),
    unknown: Where.shape.unknown,
  })
  .meta({ id: 'ActedWhere' })
export type ActedWhere = z.infer<typeof ActedWhere>
