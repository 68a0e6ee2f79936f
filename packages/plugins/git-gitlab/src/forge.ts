import {
  eventName,
  isNoCommit,
  isSecret,
  isStandardSigned,
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

const pushes = ['Push Hook', 'Tag Push Hook']

/** GitLab, as a service and on premises; see the contract. */
export class GitlabForge implements Forge {
  read(request: HookRequest, secrets: ForgeSecrets, now: number): HookVerdict {
    const { headers } = request
    if (!isKnown(request, secrets, now)) return unsigned
    const event = eventName(headers['x-gitlab-event'])
    // The id is worth something where it is signed.
    const once = 'signing' in secrets ? headers['webhook-id'] : undefined
    const signed = { event, ...(once !== undefined && { once }) }
    if (!pushes.includes(event)) return notDeployed(signed)
    const { value, fault } = readPayload(request, Push)
    if (fault !== undefined) return { ...signed, kind: 'malformed', reason: fault }
    const { ref, after, project } = value
    if (isNoCommit(after)) return refRemoved(signed)
    const { git_http_url, git_ssh_url, web_url } = project
    return { ...signed, kind: 'look', repositories: [git_http_url, git_ssh_url, web_url], refs: [ref] }
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
