import {
  isStandardSigned,
  readPayload,
  unsigned,
  type Forge,
  type ForgeSecrets,
  type HookRequest,
  type HookVerdict,
} from '@longshore/core'
import { Hint } from './schema.js'

/** Whoever can sign as Standard Webhooks has it, such as a script after a push; see the contract. */
export class GenericForge implements Forge {
  read(request: HookRequest, { secret }: ForgeSecrets, now: number): HookVerdict {
    if (!isStandardSigned(secret, request, now)) return unsigned
    const signed = { event: 'push', once: request.headers['webhook-id'] ?? '' }
    const { value, fault } = readPayload(request, Hint)
    if (fault !== undefined) return { ...signed, kind: 'malformed', reason: fault }
    const { repository, ref } = value
    const repositories = typeof repository === 'string' ? [repository] : repository
    return { ...signed, kind: 'look', repositories, ...(ref !== undefined && { refs: [fullRef(ref)] }) }
  }
}

/** Whoever writes `main` means the branch. */
function fullRef(ref: string): string {
  return ref.startsWith('refs/') ? ref : `refs/heads/${ref}`
}
