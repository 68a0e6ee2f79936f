import { z } from 'zod'

/** What is told of steps. */
export const stepEvents = {
  /** A step after a deployment failed; what runs stays. One before a deployment that fails is told by `deployment.settled`. */
  'step.failed': z.strictObject({
    /** Its place among those after the deployment, from 1, and how many there are. */
    step: z.int(),
    of: z.int(),
    code: z.string().max(100),
    reason: z.string().max(4000),
  }),
}
