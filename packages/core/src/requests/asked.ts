import type { Watcher } from '../admission/watcher.js'
import type { Lane } from '../flow/lane.js'
import type { FlowParts } from '../flow/parts.js'
import { RefusedError } from '../kernel/errors.js'
import type { Actor, CoreDraft, Placement } from '../protocol/index.js'

/** What a person or a program asks of a service. `host` absent: every placement that this kernel knows. */
export type ServiceRequest = { actor: Actor; why?: string; service: string; host?: string } & (
  | { kind: 'start' | 'stop' | 'restart' | 'heal' | 'unpin' }
  /** `override`, with a why: what only bounds when something is deployed is set aside. */
  | { kind: 'deploy'; commit?: string; override?: boolean }
  /** Lets that commit in, as the newest; it is brought unless something bars it. */
  | { kind: 'admit'; commit: string; override?: boolean }
  /** Judges the head once more, if it waits or was refused: something has changed. */
  | { kind: 'reconsider' }
  /** Somebody may know that there is something new: the source is looked at, and what that shows goes the way of all commits. */
  | { kind: 'look' }
  /** `to`: a commit or a deployment; absent: what was kept before that which runs. */
  | { kind: 'rollback'; to?: string }
  /** Bars a commit, with `descendants` all that contains it, with `repository` for every service of it. */
  | { kind: 'quarantine'; commit: string; descendants?: boolean; repository?: boolean }
  | { kind: 'lift'; commit: string }
  | { kind: 'pin'; commit: string }
)

/** A request, and the placement as it stands when it is asked. */
export interface Asked<R extends ServiceRequest = ServiceRequest> {
  parts: FlowParts
  request: R
  placement: Placement
  lane: Lane
  lanes: ReadonlyMap<string, Lane>
  watchers: ReadonlyMap<string, Watcher>
}

type Draft = Omit<CoreDraft, 'actor' | 'service'>

/** Makes it a fact of the request's service, and answers its seq. */
export async function record(
  { parts, request }: Pick<Asked, 'parts' | 'request'>,
  draft: Draft,
): Promise<number> {
  const { service, actor, why } = request
  const [event] = await parts.journal.record({ ...draft, service, actor, why } as CoreDraft)
  return event!.seq
}

/** The placement after what was recorded. */
export function now({ parts, placement }: Pick<Asked, 'parts' | 'placement'>): Placement {
  return parts.journal.placement(placement.service, placement.host) ?? placement
}

export function refuseHeld(placement: Placement): void {
  const error = heldError(placement)
  if (error) throw error
}

/** Why nothing is brought while it is held; undefined when it is not. */
export function heldError({ hold, service }: Placement): RefusedError | undefined {
  if (!hold) return undefined
  return new RefusedError('SERVICE_HELD', `${service} is held${hold.why ? `: ${hold.why}` : ''}`, {
    hint: `Release it first: longshore start ${service}`,
  })
}

/** Why no other commit is brought while it is pinned; undefined when it is not, or on this one. */
export function pinnedError({ pin, service }: Placement, sha: string): RefusedError | undefined {
  if (!pin || pin.commit.sha === sha) return undefined
  const message = `${service} is pinned on ${pin.commit.sha.slice(0, 7)}${pin.why ? `: ${pin.why}` : ''}`
  return new RefusedError('SERVICE_PINNED', message, { hint: `Take the pin off: longshore unpin ${service}` })
}
