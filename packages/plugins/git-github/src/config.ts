import { forgeSection } from '@longshore/core'
import { SecretRef } from '@longshore/core/protocol'
import type { z } from 'zod'

/** `hooks.github`. `secret`: what its webhooks are signed with. */
export const GithubConfig = forgeSection({ secret: SecretRef })
export type GithubConfig = z.infer<typeof GithubConfig>
