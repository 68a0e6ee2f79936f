import { forgeSection } from '@longshore/core'
import { SecretRef } from '@longshore/core/protocol'
import type { z } from 'zod'

/** `hooks.bitbucket`. `secret`: what its webhooks are signed with. */
export const BitbucketConfig = forgeSection({ secret: SecretRef })
export type BitbucketConfig = z.infer<typeof BitbucketConfig>
