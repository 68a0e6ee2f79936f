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

/** Bitbucket Cloud; see the contract. */
export class BitbucketForge implements Forge {
  read(request: HookRequest, { secret }: ForgeSecrets): HookVerdict {
    const { headers, body } = request
    if (!isHexSigned(secret, body, headers['x-hub-signature'], 'sha256=')) return unsigned
    const event = eventName(headers['x-event-key'])
    if (event !== 'repo:push') return notDeployed({ event })
    const { value, fault } = readPayload(request, Push)
    if (fault !== undefined) return { kind: 'malformed', event, reason: fault }
    const moved = value.push.changes.flatMap((change) => change.new ?? [])
    if (moved.length === 0) return refRemoved({ event })
    const refs = moved.map(({ type, name }) => `refs/${type === 'tag' ? 'tags' : 'heads'}/${name}`)
    return { kind: 'look', event, repositories: [value.repository.links.html.href], refs }
  }

  report(status: CommitStatus, access: ForgeAccess, signal: AbortSignal): Promise<void> {
    return postStatus(statusCall(status, access), statusRefused, signal)
  }
}
