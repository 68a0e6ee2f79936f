import { z } from 'zod'

/** The key `deploy` of a service's `policy`: whether what comes is deployed by itself, or when a person has approved it. */
export const DeployPolicy = z.enum(['auto', 'manual']).default('auto')
export type DeployPolicy = z.infer<typeof DeployPolicy>
