import { forgeSection } from '@longshore/core'
import { SecretRef } from '@longshore/core/protocol'
import type { z } from 'zod'

/** `hooks.gitea`. `secret`: what its webhooks are signed with. */
export const GiteaConfig = forgeSection({ secret: SecretRef })
export type GiteaConfig = z.infer<typeof GiteaConfig>
