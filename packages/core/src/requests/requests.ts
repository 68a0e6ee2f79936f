import { barOf, desired, type Accepted, type Actor } from '../protocol/index.js'
import { InputError, RefusedError } from '../kernel/errors.js'
import { newId } from '../kernel/ids.js'
import type { Lane } from '../flow/lane.js'
import type { FlowParts } from '../flow/parts.js'
import { Ended } from '../flow/pipeline.js'
import type { Watcher } from '../admission/watcher.js'
import { deploymentUnknown, serviceUnknown } from './unknown.js'
import { now, record, refuseHeld, type Asked, type ServiceRequest } from './asked.js'
import { admit, choose } from './choose.js'
import { lift, look, pin, quarantine, reconsider, unpin } from './quarantine.js'
import { rollbackTarget } from './rollback.js'

/** What a person or a program asks: of a service, or of a deployment under way. */
export type Request = ServiceRequest | Cancel
type Cancel = { actor: Actor; why?: string; kind: 'cancel'; deployment: string }

/** Takes requests: each becomes a fact, then asks the lane. There is no back door. */
export function takeRequests(
  parts: FlowParts,
  lanes: ReadonlyMap<string, Lane>,
  watchers: ReadonlyMap<string, Watcher>,
) {
  return async (request: Request): Promise<Accepted> => {
    if (request.kind === 'cancel') return cancel(parts, lanes, request)
    const { service, host = parts.host } = request
    // A lane is of this host: a placement of another one has none here.
    const placement = host === parts.host ? parts.journal.placement(service, host) : undefined
    const lane = lanes.get(service)
    if (!placement?.declared || !lane) throw serviceUnknown(service, request.host, placement !== undefined)
    const asked = { parts, placement, lane, lanes, watchers }
    return answer({ ...asked, request })
  }
}

const answers: { [K in ServiceRequest['kind']]: (asked: Asked<any>) => Promise<Accepted> | Accepted } = {
  stop,
  start,
  heal,
  rollback,
  deploy: redeploy,
  restart: redeploy,
  admit,
  reconsider,
  look,
  quarantine,
  lift,
  pin,
  unpin,
}

async function answer(asked: Asked): Promise<Accepted> {
  return answers[asked.request.kind](asked)
}

async function stop(asked: Asked): Promise<Accepted> {
  const { request, lane, placement } = asked
  const { actor, why } = request
  const { hold } = placement
  if (!why?.trim()) {
    const hint = 'Say why: people read it when they find it stopped.'
    throw new InputError('WHY_MISSING', 'a stop needs a reason', { hint })
  }
  // A person's reason goes before the system's.
  if (hold && hold.by.kind !== 'system') return { seq: hold.seq }
  const seq = await record(asked, { kind: 'hold.placed', data: {} })
  lane.ask({ trigger: 'operator', actor, why })
  return { seq }
}

async function start(asked: Asked): Promise<Accepted> {
  const { parts, request, placement: before, lane } = asked
  const { actor, why } = request
  const held = before.hold !== undefined
  const seq = held ? await record(asked, { kind: 'hold.released', data: {} }) : before.seq
  const after = now(asked)
  const wanted = desired(after).commit
  if (!wanted || (after.running?.commit.sha === wanted.sha && !held)) return { seq }
  const id = newId(parts.clock.now())
  return { seq, deployment: lane.ask({ trigger: 'release', actor, why, force: true, id }) }
}

async function redeploy(asked: Asked<ServiceRequest & { kind: 'deploy' | 'restart' }>): Promise<Accepted> {
  const { parts, request, placement: before, lane } = asked
  const { actor, why, service, kind } = request
  refuseHeld(before)
  const seq =
    kind === 'deploy' ? await chosen(asked as Asked<ServiceRequest & { kind: 'deploy' }>) : before.seq
  const after = now(asked)
  const { running, deployment, digest } = after
  const wanted = desired(after).commit
  const keep = kind === 'restart'
  const bar = keep && running && barOf(after, running.commit)
  if (bar) {
    const message = `${running.commit.sha.slice(0, 7)}, which runs, is quarantined${bar.why ? `: ${bar.why}` : ''}`
    throw new RefusedError('COMMIT_QUARANTINED', message, { hint: `Go back: longshore rollback ${service}` })
  }
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

/** The commit that is named, or, where what bounds is set aside, the one that waits. */
async function chosen(asked: Asked<ServiceRequest & { kind: 'deploy' }>): Promise<number> {
  const { request, placement } = asked
  const sha = request.commit ?? (request.override ? placement.waiting?.commit.sha : undefined)
  return sha === undefined ? placement.seq : choose(asked, sha)
}

/** What drifted is deployed again as it was, if that is still so when its turn has come. */
function heal({ request, placement, lane }: Asked): Accepted {
  const { actor, why } = request
  lane.ask({ trigger: 'drift', actor, why, heals: placement.running?.deployment })
  return { seq: placement.seq }
}

/** To what was kept before, with the images that it used, whatever their names say now. */
async function rollback(asked: Asked<ServiceRequest & { kind: 'rollback' }>): Promise<Accepted> {
  const { parts, request, placement, lane } = asked
  refuseHeld(placement)
  const target = await rollbackTarget(parts.journal, placement, request.to)
  const seq = await choose(asked, target.commit.sha)
  const { actor, why } = request
  const id = newId(parts.clock.now())
  const ask = { trigger: 'rollback', actor, why, force: true, like: target.id, id } as const
  return { seq, deployment: lane.ask(ask) }
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
