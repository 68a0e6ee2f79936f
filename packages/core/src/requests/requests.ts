import { desired, type Accepted, type Actor, type CoreDraft, type Placement } from '../protocol/index.js'
import { InputError, RefusedError } from '../kernel/errors.js'
import { newId } from '../kernel/ids.js'
import type { Lane } from '../flow/lane.js'
import type { FlowParts } from '../flow/parts.js'
import { Ended } from '../flow/pipeline.js'
import { rollbackTarget } from './rollback.js'
import { deploymentUnknown, serviceUnknown } from '../flow/unknown.js'

/** What a person or a program asks of a service. `host` absent: every placement that this kernel knows. */
export type Request = { actor: Actor; why?: string } & (
  | { kind: 'deploy'; service: string; host?: string; commit?: string }
  | { kind: 'start' | 'stop' | 'restart' | 'heal'; service: string; host?: string }
  /** `to`: a commit or a deployment; absent: what was kept before that which runs. */
  | { kind: 'rollback'; service: string; host?: string; to?: string }
  | { kind: 'cancel'; deployment: string }
)
type Cancel = Extract<Request, { kind: 'cancel' }>
type ServiceRequest = Exclude<Request, Cancel>

/** Milliseconds that a request may take to look a commit up. */
const lookUp = 30_000

/** Takes requests: each becomes a fact, then asks the lane. There is no back door. */
export function takeRequests(parts: FlowParts, lanes: ReadonlyMap<string, Lane>) {
  return async (request: Request): Promise<Accepted> => {
    if (request.kind === 'cancel') return cancel(parts, lanes, request)
    const { service, host = parts.host } = request
    // A lane is of this host: a placement of another one has none here.
    const placement = host === parts.host ? parts.journal.placement(service, host) : undefined
    const lane = lanes.get(service)
    if (!placement?.declared || !lane) throw serviceUnknown(service, request.host, placement !== undefined)
    const asked = { parts, request, placement, lane }
    if (request.kind === 'stop') return stop(asked)
    if (request.kind === 'heal') return heal(asked)
    if (request.kind === 'rollback') return rollback(asked, request.to)
    return request.kind === 'start' ? start(asked) : redeploy(asked)
  }
}

/** A request, and the placement as it stands when it is asked. */
export interface Asked {
  parts: FlowParts
  request: ServiceRequest
  placement: Placement
  lane: Lane
}

async function stop({ parts, request, placement: { hold }, lane }: Asked): Promise<Accepted> {
  const { actor, why } = request
  if (!why?.trim()) {
    const hint = 'Say why: people read it when they find it stopped.'
    throw new InputError('WHY_MISSING', 'a stop needs a reason', { hint })
  }
  if (hold) return { seq: hold.seq }
  const seq = await record(parts, request, { kind: 'hold.placed', data: {} })
  lane.ask({ trigger: 'operator', actor, why })
  return { seq }
}

async function start({ parts, request, placement: before, lane }: Asked): Promise<Accepted> {
  const { actor, why, service } = request
  const held = before.hold !== undefined
  const seq = held ? await record(parts, request, { kind: 'hold.released', data: {} }) : before.seq
  const after = parts.journal.placement(service, before.host) ?? before
  const wanted = desired(after).commit
  if (!wanted || (after.running?.commit.sha === wanted.sha && !held)) return { seq }
  const id = newId(parts.clock.now())
  return { seq, deployment: lane.ask({ trigger: 'release', actor, why, force: true, id }) }
}

async function redeploy(asked: Asked): Promise<Accepted> {
  const { parts, request, placement: before, lane } = asked
  const { actor, why, service, kind } = request
  refuseHeld(before)
  const seq = kind === 'deploy' && request.commit ? await choose(asked, request.commit) : before.seq
  const after = parts.journal.placement(service, before.host) ?? before
  const { running, deployment, digest } = after
  const wanted = desired(after).commit
  const keep = kind === 'restart'
  if (keep ? !running : !wanted) {
    const hint = `Push one, or look at why none came: longshore show ${service}`
    const message = `no commit of ${service} ${keep ? 'runs' : 'was admitted'} yet`
    throw new RefusedError('NOTHING_TO_DEPLOY', message, { hint })
  }
  const same = deployment?.commit.sha === wanted?.sha && deployment?.digest === digest
  if (!keep && deployment && same) return { seq, deployment: deployment.id }
  const id = newId(parts.clock.now())
  const trigger = keep ? 'restart' : 'operator'
  return { seq, deployment: lane.ask({ trigger, actor, why, force: true, keep, id }) }
}

/** What drifted is deployed again as it was, if that is still so when its turn has come. */
function heal({ request, placement, lane }: Asked): Accepted {
  const { actor, why } = request
  lane.ask({ trigger: 'drift', actor, why, heals: placement.running?.deployment })
  return { seq: placement.seq }
}

/** To what was kept before, with the images that it used, whatever their names say now. */
async function rollback(asked: Asked, to: string | undefined): Promise<Accepted> {
  const { parts, request, placement, lane } = asked
  refuseHeld(placement)
  const target = await rollbackTarget(parts.journal, placement, to)
  const seq = await choose(asked, target.commit.sha)
  const { actor, why } = request
  const id = newId(parts.clock.now())
  const ask = { trigger: 'rollback', actor, why, force: true, like: target.id, id } as const
  return { seq, deployment: lane.ask(ask) }
}

function refuseHeld({ hold, service }: Placement): void {
  if (!hold) return
  throw new RefusedError('SERVICE_HELD', `${service} is held${hold.why ? `: ${hold.why}` : ''}`, {
    hint: `Release it first: longshore start ${service}`,
  })
}

/** A commit that a person names counts as admitted: the newest until a newer one comes. */
async function choose({ parts, request, placement }: Asked, sha: string): Promise<number> {
  const { newest, seen, running } = placement
  const known = [newest, seen, running?.commit].find((each) => each?.sha === sha)
  const source = parts.service(request.service)?.source
  if (!source) throw serviceUnknown(request.service)
  const commit = known ?? (await parts.git.fetch(source, sha, AbortSignal.timeout(lookUp)))
  const refusal = await parts.hooks.admit(commit, placement)
  // Looking it up takes a while: a stop may have come.
  refuseHeld(parts.journal.placement(placement.service, placement.host) ?? placement)
  if (refusal) throw new RefusedError(refusal.code, refusal.reason)
  return record(parts, request, { kind: 'commit.admitted', commit: sha, data: { commit, held: false } })
}

async function cancel(
  parts: FlowParts,
  lanes: ReadonlyMap<string, Lane>,
  request: Cancel,
): Promise<Accepted> {
  const { deployment: id, actor, why = 'cancelled by request' } = request
  const deployment = await parts.journal.deployment(id)
  if (!deployment) throw deploymentUnknown(id)
  const { outcome, service, seq } = deployment
  const reason = new Ended('DEPLOYMENT_CANCELLED', 'cancelled', why, actor)
  if (!outcome && lanes.get(service)?.cancel(id, reason)) return { seq, deployment: id }
  const message = `the deployment ${id} has settled: ${outcome ?? 'it ends now'}`
  throw new RefusedError('DEPLOYMENT_SETTLED', message)
}

type Draft = Omit<CoreDraft, 'actor' | 'service'>

async function record(
  { journal }: FlowParts,
  { service, actor, why }: ServiceRequest,
  draft: Draft,
): Promise<number> {
  const [event] = await journal.record({ ...draft, service, actor, why } as CoreDraft)
  return event!.seq
}
