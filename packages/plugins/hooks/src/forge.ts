import { isStandardSigned, readPush, unsigned } from '@longshore/core'
import type { Forge, ForgeSecrets, HookRequest, HookVerdict } from '@longshore/core'
import { pushes } from './schema.js'

/** Whoever can sign as Standard Webhooks has it, such as a script after a push; see the contract. */
export class GenericForge implements Forge {
  read(request: HookRequest, { secret }: ForgeSecrets, now: number): HookVerdict {
    if (!isStandardSigned(secret, request, now)) return unsigned
    return readPush(request, { event: 'push', once: request.headers['webhook-id'] ?? '' }, pushes)
  }
}
