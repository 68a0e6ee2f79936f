import type { Outcome } from './deployment.js'
import { driftFound, untried } from './drift.js'
import { alive, isLost } from './desired.js'
import { isKind, type Event, type EventOf } from './event.js'
import { placementKey } from './names.js'
import type { CheckState, Hold, Instance, Kept, Placement, Quarantine } from './placement.js'
import { slice } from './slice.js'

/** Commits that one quarantine bars by name, beside its own. */
const mostBars = 100
/** Commits that a service can go back to. */
const keptCommits = 25
/** Commits that are remembered as failed, beside the last one. */
const keptFailures = 5
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
      intent(state, event) ??
      commits(state, event) ??
      deployments(state, event) ??
      instances(state, event) ??
      checks(state, event)
    // What nobody here knows, such as an event of a plugin, changes nothing.
    return next ? { ...next, seq: event.seq } : state
  },
  shown: (state, _key, sees) => (sees(state.service) ? state : undefined),
})

function declare(state: Placement | undefined, event: Event): Placement | undefined {
  if (!isKind(event, 'service.declared', 'service.changed')) return state
  const { source, run, digest } = event.data
  const elsewhere = state && state.source.url !== source.url
  const moved = elsewhere || (state && state.source.ref !== source.ref)
  const fresh: Placement = { ...blank(event), source, run, digest }
  if (!state) return fresh
  const kept = { ...state, declared: true, source, run, digest, seq: event.seq }
  // Another repository or branch: what was seen of the old one says nothing about the new one.
  const gone = { seen: undefined, newest: undefined, ...letIn, unreachable: undefined }
  return moved ? { ...kept, ...gone, ...(elsewhere && { kept: [] }) } : kept
}

/** Nothing stands between the head and the service. */
const letIn = { refused: undefined, skipped: undefined, waiting: undefined }

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
  if (isKind(event, 'hold.placed')) {
    const stays = state.hold && !(state.hold.by.kind === 'system' && event.actor.kind !== 'system')
    return { ...state, hold: stays ? state.hold : holdOf(event) }
  }
  if (isKind(event, 'hold.released')) return { ...state, hold: undefined }
  if (isKind(event, 'pin.placed')) return { ...state, pin: { ...holdOf(event), commit: event.data.commit } }
  if (isKind(event, 'pin.removed')) return { ...state, pin: undefined }
  const others = () => state.quarantines.filter(({ sha }) => sha !== event.commit)
  // Whoever lifts it wants it to be tried again.
  if (isKind(event, 'quarantine.lifted'))
    return { ...state, quarantines: others(), failed: withoutFailed(state.failed, event.commit!) }
  if (isKind(event, 'quarantine.placed')) {
    const { evidence: _told, ...bar } = event.data
    const before = state.quarantines.find(({ sha }) => sha === event.commit)
    const placed = { ...holdOf(event), sha: event.commit!, ...bar, deployment: event.deployment }
    return { ...state, quarantines: [...others(), before ? widened(before, placed) : placed] }
  }
  return undefined
}

/** A second quarantine of a commit takes nothing back of the first; a person's word goes before the system's. */
function widened(before: Quarantine, placed: Quarantine): Quarantine {
  const first = before.by.kind === 'system' && placed.by.kind !== 'system' ? placed : before
  const bars = [...new Set([...(before.bars ?? []), ...(placed.bars ?? [])])]
  return {
    ...first,
    descendants: before.descendants || placed.descendants,
    repository: before.repository || placed.repository,
    bars: bars.length > 0 ? bars.slice(-mostBars) : undefined,
    deployment: before.deployment ?? placed.deployment,
  }
}

function holdOf(event: Event): Hold {
  return { by: event.actor, since: event.time, why: event.why, seq: event.seq }
}

/** What the source shows. */
function commits(state: Placement, event: Event): Placement | undefined {
  if (isKind(event, 'source.unreachable'))
    return { ...state, unreachable: { ...event.data, since: event.time } }
  if (isKind(event, 'source.reachable')) return { ...state, unreachable: undefined }
  if (isKind(event, 'commit.seen'))
    return { ...state, seen: event.data.commit, skipped: undefined, waiting: undefined }
  if (isKind(event, 'commit.skipped'))
    return { ...state, seen: event.data.commit, skipped: event.data.commit.sha }
  if (isKind(event, 'commit.admitted')) {
    const { commit } = event.data
    // Another one that a person brings takes nothing from the head, which waits or was refused.
    const isHead = !state.seen || state.seen.sha === commit.sha
    return { ...state, newest: commit, ...(isHead && letIn) }
  }
  if (isKind(event, 'commit.waiting')) return { ...state, waiting: event.data, refused: undefined }
  if (isKind(event, 'commit.refused')) {
    const { commit, code, reason } = event.data
    return { ...state, refused: { sha: commit.sha, code, reason }, waiting: undefined }
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
    return { ...state, running: undefined, stuck: undefined, drift: undefined, checks: [] }
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
  const { outcome, code, reason, runs } = event.data
  const at = event.time
  const ended = { ...state, deployment: undefined, last: { id, commit, outcome, code, reason, at } }
  const running = { commit, deployment: id, digest, runtime, since: at }
  const own = state.checks?.filter(({ deployment }) => deployment === id)
  if (outcome === 'kept') {
    return {
      ...ended,
      failed: withoutFailed(state.failed, commit.sha),
      stuck: undefined,
      // Healing remembers its tries; whatever else was kept begins anew. What differs still is for the runtime to say.
      drift: current.trigger === 'drift' || !state.drift ? state.drift : untried(state.drift),
      running,
      checks: own,
      // What runs on although it was found to be ill is nothing to go back to.
      ...(code === undefined && { kept: withKept(state.kept, { commit, deployment: id, digest, at }) }),
    }
  }
  const next = runs ? { ...ended, running, checks: own, stuck: undefined } : ended
  // What was kept once and cannot be brought back now is not known to fail: it is tried again.
  const again = isLost(state) || current.trigger === 'drift'
  const broughtBack = state.running?.commit.sha === commit.sha && again && !runs
  if (!final.includes(outcome) || broughtBack) return next
  const failed = { sha: commit.sha, digest, deployment: id, outcome, code, reason, at }
  return { ...next, failed: { ...failed, others: othersFailed(state.failed, failed) } }
}

type Failed = NonNullable<Placement['failed']>

/** What failed before and is no longer the last that did; of what was declared before nothing is remembered. */
function othersFailed(before: Failed | undefined, { sha, digest }: Omit<Failed, 'others'>): Failed['others'] {
  if (!before) return undefined
  const { others = [], ...last } = before
  const still = [last, ...others].filter((each) => each.sha !== sha && each.digest === digest)
  return still.length > 0 ? still.slice(0, keptFailures) : undefined
}

/** It was kept: it does not count as failed any more. */
function withoutFailed(failed: Failed | undefined, sha: string): Failed | undefined {
  if (!failed) return undefined
  const { others = [], ...last } = failed
  const [first, ...rest] = [last, ...others].filter((each) => each.sha !== sha)
  return first && { ...first, others: rest.length > 0 ? rest : undefined }
}

function withKept(kept: Kept[] = [], { commit, ...rest }: Kept): Kept[] {
  const [subject] = commit.message.split('\n', 1)
  const last = { commit: { ...commit, message: subject!.slice(0, 200) }, ...rest }
  return [last, ...kept.filter((each) => each.commit.sha !== commit.sha)].slice(0, keptCommits)
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

/** What the checks of what runs, or of what is being judged, say. */
function checks(state: Placement, event: Event): Placement | undefined {
  if (!isKind(event, 'check.healthy', 'check.unhealthy', 'check.unknown')) return undefined
  const { deployment } = event
  if (deployment !== state.running?.deployment && deployment !== state.deployment?.id) return state
  const { check } = event.data
  const others = (state.checks ?? []).filter((each) => each.check !== check || each.deployment !== deployment)
  if (isKind(event, 'check.unknown') || deployment === undefined) return { ...state, checks: others }
  const healthy = isKind(event, 'check.healthy')
  const reason = isKind(event, 'check.unhealthy') ? event.data.reason : undefined
  const said: CheckState = { check, deployment, healthy, reason, since: event.time }
  return { ...state, checks: [...others, said].slice(-200) }
}
