import {
  eventName,
  isHexSigned,
  isNoCommit,
  notDeployed,
  postStatus,
  readPayload,
  refRemoved,
  unsigned,
  type CommitStatus,
  type Forge,
  type ForgeAccess,
  type ForgeSecrets,
  type HookRequest,
  type HookVerdict,
} from '@longshore/core'
import { statusCall } from './client.js'
import { statusRefused } from './errors.js'
import { Push } from './schema.js'

/** Gitea, and Forgejo, which sends the same headers beside its own; see the contract. */
export class GiteaForge implements Forge {
  read(request: HookRequest, { secret }: ForgeSecrets): HookVerdict {
    const { headers, body } = request
    if (!isHexSigned(secret, body, headers['x-gitea-signature'])) return unsigned
    const event = eventName(headers['x-gitea-event'])
    if (event !== 'push') return notDeployed({ event })
    const { value, fault } = readPayload(request, Push)
    if (fault !== undefined) return { kind: 'malformed', event, reason: fault }
    const { ref, after, repository } = value
    if (isNoCommit(after)) return refRemoved({ event })
    const { clone_url, ssh_url, html_url } = repository
    return { kind: 'look', event, repositories: [clone_url, ssh_url, html_url], refs: [ref] }
  }

  report(status: CommitStatus, access: ForgeAccess, signal: AbortSignal): Promise<void> {
    return postStatus(statusCall(status, access), statusRefused, signal)
  }
}
