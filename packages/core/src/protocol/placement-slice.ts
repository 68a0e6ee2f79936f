import type { Outcome } from './deployment.js'
import { driftFound, untried } from './drift.js'
import { alive, isLost } from './desired.js'
import { isKind, type Event, type EventOf } from './event.js'
import { placementKey } from './names.js'
import type { Hold, Instance, Placement } from './placement.js'
import { slice } from './slice.js'

/** Instances that ended are kept for people to look at, so many at most. */
const keptInstances = 10

/** One document per placement: the core's own slice. */
export const placementSlice = slice<Placement>({
  name: 'placement',
  key: (event) => (event.service === undefined ? undefined : placementKey(event.service, event.host)),
  reduce(state, event) {
    if (isKind(event, 'service.declared', 'service.changed')) return declare(state, event)
    if (!state) return state
    const next =
      intent(state, event) ?? commits(state, event) ?? deployments(state, event) ?? instances(state, event)
    return next && { ...next, seq: event.seq }
  },
})

function declare(state: Placement | undefined, event: Event): Placement | undefined {
  if (!isKind(event, 'service.declared', 'service.changed')) return state
  const { source, run, digest } = event.data
  const moved = state && (state.source.url !== source.url || state.source.ref !== source.ref)
  const fresh: Placement = { ...blank(event), source, run, digest }
  if (!state) return fresh
  const kept = { ...state, declared: true, source, run, digest, seq: event.seq }
  // Another repository or branch: what was seen of the old one says nothing about the new one.
  return moved ? { ...kept, seen: undefined, newest: undefined, ...letIn, unreachable: undefined } : kept
}

/** Nothing stands between the head and the service. */
const letIn = { refused: undefined, skipped: undefined }

function blank(event: Event): Placement {
  return {
    service: event.service!,
    host: event.host,
    declared: true,
    source: { url: '', ref: '' },
    run: { kind: '' },
    digest: '',
    quarantines: [],
    instances: [],
    seq: event.seq,
  }
}

/** What people decided: removal, holds, pins, quarantines. */
function intent(state: Placement, event: Event): Placement | undefined {
  if (isKind(event, 'service.removed')) return { ...state, declared: false }
  if (isKind(event, 'hold.placed')) return { ...state, hold: state.hold ?? holdOf(event) }
  if (isKind(event, 'hold.released')) return { ...state, hold: undefined }
  if (isKind(event, 'pin.placed')) return { ...state, pin: { ...holdOf(event), commit: event.data.commit } }
  if (isKind(event, 'pin.removed')) return { ...state, pin: undefined }
  if (isKind(event, 'quarantine.placed', 'quarantine.lifted')) {
    const others = state.quarantines.filter((each) => each.sha !== event.commit)
    if (isKind(event, 'quarantine.lifted')) return { ...state, quarantines: others }
    const placed = { ...holdOf(event), sha: event.commit!, descendants: event.data.descendants }
    return { ...state, quarantines: [...others, placed] }
  }
  return undefined
}

function holdOf(event: Event): Hold {
  return { by: event.actor, since: event.time, why: event.why, seq: event.seq }
}

/** What the source shows. */
function commits(state: Placement, event: Event): Placement | undefined {
  if (isKind(event, 'source.unreachable'))
    return { ...state, unreachable: { ...event.data, since: event.time } }
  if (isKind(event, 'source.reachable')) return { ...state, unreachable: undefined }
  if (isKind(event, 'commit.seen')) return { ...state, seen: event.data.commit, skipped: undefined }
  if (isKind(event, 'commit.skipped'))
    return { ...state, seen: event.data.commit, skipped: event.data.commit.sha }
  if (isKind(event, 'commit.admitted')) return { ...state, newest: event.data.commit, ...letIn }
  if (isKind(event, 'commit.refused')) {
    const { commit, code, reason } = event.data
    return { ...state, refused: { sha: commit.sha, code, reason } }
  }
  return undefined
}

/** What was attempted, and what came of it. */
function deployments(state: Placement, event: Event): Placement | undefined {
  const id = event.deployment
  if (isKind(event, 'deployment.queued') && id) {
    const { drift } = state
    const heals = event.data.trigger === 'drift' && drift
    return {
      ...state,
      ...(heals && { drift: { ...drift, tries: drift.tries + 1, tried: event.time } }),
      deployment: { ...event.data, id, phase: 'queued', since: event.time },
    }
  }
  const current = state.deployment
  if (isKind(event, 'deployment.started', 'deployment.entered') && current?.id === id) {
    return { ...state, deployment: { ...current!, phase: event.data.phase } }
  }
  if (isKind(event, 'deployment.settled') && current && current.id === id)
    return settle(state, current, event)
  if (isKind(event, 'service.ended'))
    return { ...state, running: undefined, stuck: undefined, drift: undefined }
  if (isKind(event, 'service.stuck')) return { ...state, stuck: { ...event.data, since: event.time } }
  return drifts(state, event)
}

/** What changed behind Longshore's back. */
function drifts(state: Placement, event: Event): Placement | undefined {
  const { drift } = state
  if (isKind(event, 'drift.found'))
    return { ...state, drift: driftFound(drift, event.data.differences, event.time) }
  if (isKind(event, 'drift.healed')) {
    const remembered = drift && drift.tries > 0 ? { ...drift, differences: [] } : undefined
    return { ...state, drift: remembered }
  }
  if (isKind(event, 'drift.gaveUp') && drift) return { ...state, drift: { ...drift, gaveUp: true } }
  return undefined
}

/** Outcomes after which the same commit is not tried again by itself. */
const final: readonly Outcome[] = ['failed', 'refused', 'cancelled', 'rolledBack']

function settle(
  state: Placement,
  current: NonNullable<Placement['deployment']>,
  event: Event & EventOf<'deployment.settled'>,
): Placement {
  const { id, commit, digest, runtime } = current
  const { outcome, code, reason } = event.data
  const at = event.time
  const next = { ...state, deployment: undefined, last: { id, commit, outcome, code, reason, at } }
  if (outcome === 'kept') {
    const failed = state.failed?.sha === commit.sha ? undefined : state.failed
    return {
      ...next,
      failed,
      stuck: undefined,
      // Healing remembers its tries; whatever else was kept begins anew. What differs still is for the runtime to say.
      drift: current.trigger === 'drift' || !state.drift ? state.drift : untried(state.drift),
      running: { commit, deployment: id, digest, runtime, since: at },
    }
  }
  // What was kept once and cannot be brought back now is not known to fail: it is tried again.
  const again = isLost(state) || current.trigger === 'drift'
  const broughtBack = state.running?.commit.sha === commit.sha && again
  if (!final.includes(outcome) || broughtBack) return next
  return { ...next, failed: { sha: commit.sha, digest, deployment: id, outcome, code, reason, at } }
}

/** What runs. */
function instances(state: Placement, event: Event): Placement | undefined {
  if (!isKind(event, 'instance.started', 'instance.exited', 'instance.lost')) return undefined
  const id = event.data.instance
  const before = state.instances.find((each) => each.id === id)
  const others = state.instances.filter((each) => each.id !== id)
  const base: Instance = before ?? { id, state: 'running', since: event.time, restarts: 0 }
  return keepNeeded({ ...state, instances: [...others, step({ ...base, since: event.time }, event, before)] })
}

/** What is alive, and what tells how the deployment fares that should run, is never dropped. */
function keepNeeded(state: Placement): Placement {
  const needed = ({ deployment, state: word }: Instance) =>
    alive.has(word) || deployment === state.running?.deployment
  const past = state.instances.filter((each) => !needed(each)).slice(-keptInstances)
  return { ...state, instances: state.instances.filter((each) => needed(each) || past.includes(each)) }
}

function step(base: Instance, event: Event, before: Instance | undefined): Instance {
  if (isKind(event, 'instance.started')) {
    const again = before !== undefined && !event.data.adopted
    return {
      ...base,
      ...(event.data.name !== undefined && { name: event.data.name }),
      deployment: event.deployment ?? base.deployment,
      pid: event.data.pid,
      state: 'running',
      restarts: base.restarts + (again ? 1 : 0),
    }
  }
  if (isKind(event, 'instance.exited')) {
    const { exitCode, signal, restartIn, reason } = event.data
    return {
      ...base,
      pid: undefined,
      state: restartIn === undefined ? 'exited' : 'restarting',
      exitCode,
      signal,
      ...(reason !== undefined && { reason }),
    }
  }
  return { ...base, pid: undefined, state: 'lost' }
}
