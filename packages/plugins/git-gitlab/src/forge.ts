import { eventName, isSecret, isStandardSigned, postStatus, readPush, unsigned } from '@longshore/core'
import type {
  CommitStatus,
  Forge,
  ForgeAccess,
  ForgeSecrets,
  HookRequest,
  HookVerdict,
} from '@longshore/core'
import { statusCall } from './client.js'
import { statusRefused } from './errors.js'
import { pushes } from './schema.js'

/** GitLab, as a service and on premises; see the contract. */
export class GitlabForge implements Forge {
  read(request: HookRequest, secrets: ForgeSecrets, now: number): HookVerdict {
    const { headers } = request
    if (!isKnown(request, secrets, now)) return unsigned
    const event = eventName(headers['x-gitlab-event'])
    // The id is worth something where it is signed.
    const once = 'signing' in secrets ? headers['webhook-id'] : undefined
    return readPush(request, { event, ...(once !== undefined && { once }) }, pushes)
  }

  report(status: CommitStatus, access: ForgeAccess, signal: AbortSignal): Promise<void> {
    return postStatus(statusCall(status, access), statusRefused, signal)
  }
}

/** Every secret that is configured counts: one is not weakened by the other. */
function isKnown(request: HookRequest, secrets: ForgeSecrets, now: number): boolean {
  const token = isSecret(secrets['secret'], request.headers['x-gitlab-token'])
  const signature = isStandardSigned(secrets['signing'], request, now)
  const proofs = [...('secret' in secrets ? [token] : []), ...('signing' in secrets ? [signature] : [])]
  return proofs.length > 0 && proofs.every(Boolean)
}
