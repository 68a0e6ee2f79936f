import { eventName, isHexSigned, postStatus, readPush, unsigned } from '@longshore/core'
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

/** Bitbucket Cloud; see the contract. */
export class BitbucketForge implements Forge {
  read(request: HookRequest, { secret }: ForgeSecrets): HookVerdict {
    const { headers, body } = request
    if (!isHexSigned(secret, body, headers['x-hub-signature'], 'sha256=')) return unsigned
    return readPush(request, { event: eventName(headers['x-event-key']) }, pushes)
  }

  report(status: CommitStatus, access: ForgeAccess, signal: AbortSignal): Promise<void> {
    return postStatus(statusCall(status, access), statusRefused, signal)
  }
}
