import { forgeSection } from '@longshore/core'
import { SecretRef } from '@longshore/core/protocol'
import type { z } from 'zod'

/**
 * `hooks.gitlab`. `secret`: its webhooks' secret token, which is sent as it is; `signing`: their signing token, which signs
 * them. Where both are named a webhook has to bear both.
 */
export const GitlabConfig = forgeSection({
  secret: SecretRef.optional(),
  signing: SecretRef.optional(),
}).refine(({ secret, signing }) => secret !== undefined || signing !== undefined, {
  error: 'without a secret nothing is let in: name the secret token, the signing token, or both',
  path: ['secret'],
})
export type GitlabConfig = z.infer<typeof GitlabConfig>
