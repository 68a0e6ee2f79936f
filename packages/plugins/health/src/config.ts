import { Duration } from '@longshore/core/protocol'
import { z } from 'zod'
import { parseNetwork } from './probes/addresses.js'

const Network = z.string().superRefine((text, context) => {
  if (parseNetwork(text)) return
  context.addIssue({
    code: 'custom',
    message: 'this is no network: write 169.254.169.254 or 169.254.0.0/16',
    input: text,
  })
})

/** The section `health`. */
export const HealthConfig = z
  .strictObject({
    /** How long a deployment has to become well or, without checks, to stay up, where its service does not say. */
    settle: Duration.prefault('30s'),
    /** Networks that checks may look at although they are link-local, where clouds tell machines their secrets. */
    allow: z.array(Network).max(100).default([]),
  })
  .prefault({})
export type HealthConfig = z.infer<typeof HealthConfig>

/** What a service's `policy` may say beside what every one does. */
export const policies = { settle: Duration.optional() }
