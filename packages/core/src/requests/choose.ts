import { judge } from '../admission/barring.js'
import { serviceUnknown } from './unknown.js'
import { InputError, RefusedError } from '../kernel/errors.js'
import type { Asking } from '../kernel/hooks.js'
import { newId } from '../kernel/ids.js'
import { desired, type Accepted, type Commit, type Placement } from '../protocol/index.js'
import { deadline } from '../waiting/deadline.js'
import { now, pinnedError, record, refuseHeld, type Asked, type ServiceRequest } from './asked.js'

/** Milliseconds that a request may take to look a commit up, or what contains it. */
export const lookUp = 30_000

type Chosen = Pick<Asked, 'parts' | 'placement'> & {
  request: ServiceRequest & { override?: boolean }
}

/**
 * A commit that a person names counts as admitted: the newest until a newer one comes. Answers the event's seq.
 * Errors: what bars it, and what the plugins say that decide about commits.
 */
export async function choose(chosen: Chosen, sha: string): Promise<number> {
  refuseHeld(chosen.placement)
  const pinned = pinnedError(chosen.placement, sha)
  if (pinned) throw pinned
  const { commit, refusal, signer } = await judged(chosen, sha)
  // Looking it up takes a while: a stop may have come.
  refuseHeld(now(chosen))
  if (refusal) throw refused(chosen.placement, refusal)
  return record(chosen, { kind: 'commit.admitted', commit: sha, data: { commit, held: false, signer } })
}

/** Lets a commit in that waited, or another one: it is brought unless the service is held or pinned. */
export async function admit(asked: Asked<ServiceRequest & { kind: 'admit' }>): Promise<Accepted> {
  const { request, lane, placement, parts } = asked
  const { commit, refusal, signer } = await judged(asked, request.commit)
  if (refusal) throw refused(placement, refusal)
  const held = now(asked).hold !== undefined
  const data = { commit, held, signer }
  const seq = await record(asked, { kind: 'commit.admitted', commit: commit.sha, data })
  // Held or pinned: it waits.
  if (desired(now(asked)).commit?.sha !== commit.sha) return { seq }
  const { actor, why } = request
  const id = newId(parts.clock.now())
  return { seq, deployment: lane.ask({ trigger: 'operator', actor, why, force: true, id }) }
}

/** The commit, and why it may not be brought, if it may not. What bars it for a whole repository is recorded here. */
export async function judged(chosen: Chosen, sha: string, as?: Asking['trigger']) {
  const { parts, placement, request } = chosen
  const { actor, why, override } = request
  if (override && !why?.trim()) {
    const hint = 'Say why: people read it beside what was set aside.'
    throw new InputError('WHY_MISSING', 'an override needs a reason', { hint })
  }
  const signal = deadline(lookUp)
  const commit = await find(chosen, sha, signal)
  const trigger = as ?? (request.kind === 'rollback' ? 'rollback' : 'operator')
  const asking = { actor, trigger, why, override }
  const { bar, ...judgement } = await judge(parts, sourceOf(chosen), placement, commit, asking, signal)
  if (bar?.adopt) await parts.journal.record(bar.adopt)
  return { commit, ...judgement }
}

async function find(chosen: Chosen, sha: string, signal: AbortSignal): Promise<Commit> {
  const { newest, seen, running, waiting } = chosen.placement
  const known = [newest, seen, running?.commit, waiting?.commit].find((each) => each?.sha === sha)
  return known ?? chosen.parts.git.fetch(sourceOf(chosen), sha, signal)
}

function sourceOf({ parts, request }: Chosen) {
  const source = parts.service(request.service)?.source
  if (!source) throw serviceUnknown(request.service)
  return source
}

function refused({ service }: Placement, { code, reason }: { code: string; reason: string }): RefusedError {
  const hint = code === 'COMMIT_QUARANTINED' ? `Lift it first: longshore lift ${service} COMMIT` : undefined
  return new RefusedError(code, reason, { hint })
}
