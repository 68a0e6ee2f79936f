import { z } from 'zod'
import { Commit } from './commit.js'
import { Deployment } from './deployment.js'

/** What differs between two deployments of a service. */
export const DeploymentDiff = z
  .strictObject({
    from: Deployment,
    to: Deployment,
    /** Those of `to` that `from` did not contain, newest first, at most 1,000; absent where that cannot be told. */
    commits: z.array(Commit).optional(),
    /** Those of `from` that `to` does not contain: it goes back by them. */
    back: z.array(Commit).optional(),
    /** The paths that differ; absent where that cannot be told. */
    files: z.array(z.string()).optional(),
    /** Of every image that one of them used: what it was, by digest or id. */
    images: z.array(
      z.strictObject({ name: z.string(), from: z.string().optional(), to: z.string().optional() }),
    ),
  })
  .meta({ id: 'DeploymentDiff' })
export type DeploymentDiff = z.infer<typeof DeploymentDiff>
