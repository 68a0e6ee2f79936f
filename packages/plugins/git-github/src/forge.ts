import {
  eventName,
  isHexSigned,
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

/** GitHub, as a service and on premises; see the contract. */
export class GithubForge implements Forge {
  read(request: HookRequest, { secret }: ForgeSecrets): HookVerdict {
    const { headers, body } = request
    if (!isHexSigned(secret, body, headers['x-hub-signature-256'], 'sha256=')) return unsigned
    const event = eventName(headers['x-github-event'])
    if (event !== 'push') return notDeployed({ event })
    const { value, fault } = readPayload(request, Push)
    if (fault !== undefined) return { kind: 'malformed', event, reason: fault }
    const { ref, deleted, repository } = value
    if (deleted) return refRemoved({ event })
    const { clone_url, ssh_url, html_url } = repository
    return { kind: 'look', event, repositories: [clone_url, ssh_url, html_url], refs: [ref] }
  }

  report(status: CommitStatus, access: ForgeAccess, signal: AbortSignal): Promise<void> {
    return postStatus(statusCall(status, access), statusRefused, signal)
  }
}
