import { containsSurely, sameAddress } from '../admission/barring.js'
import { InputError, RefusedError } from '../kernel/errors.js'
import { newId } from '../kernel/ids.js'
import { deadline } from '../waiting/deadline.js'
import {
  desired,
  gaveUp,
  knownCommits,
  satisfied,
  type Accepted,
  type CoreDraft,
  type Placement,
} from '../protocol/index.js'
import { judged, lookUp } from './choose.js'
import { now, record, type Asked, type ServiceRequest } from './asked.js'

/** Quarantines of one service: each is looked at whenever a commit comes. */
const mostQuarantines = 1_000

type Of<K extends ServiceRequest['kind']> = Asked<ServiceRequest & { kind: K }>

/** Bars a commit: what runs of it is replaced by what was kept before, or ends. */
export async function quarantine(asked: Of<'quarantine'>): Promise<Accepted> {
  const { parts, request, placement } = asked
  const { commit, actor, why, descendants = false, repository } = request
  if (!why?.trim()) {
    const hint = 'Say why: whoever pushes it again is told.'
    throw new InputError('WHY_MISSING', 'a quarantine needs a reason', { hint })
  }
  const concerned = repository ? [placement, ...sameRepository(asked)] : [placement]
  for (const each of concerned) refuseFull(each)
  const place = (service: string, bars?: string[]): CoreDraft => {
    const data = { descendants, repository, bars }
    return { kind: 'quarantine.placed', service, commit, actor, why, data }
  }
  // The commit itself first: that needs nobody's answer. What contains it is found out then.
  const [event] = await parts.journal.record(...concerned.map(({ service }) => place(service)))
  const [first] = concerned.map((each) => askAgain({ ...asked, placement: each }))
  let deployment = first
  for (const each of descendants ? concerned : []) {
    const bars = await containing(asked, now({ parts, placement: each }), commit)
    if (bars.length === 0) continue
    await parts.journal.record(place(each.service, bars))
    const follows = askAgain({ ...asked, placement: each })
    if (each === placement) deployment ??= follows
  }
  return { seq: event!.seq, deployment }
}

/** The other placements of this host that follow the same repository, whatever its address, or know the commit. */
function sameRepository({ parts, placement, request }: Of<'quarantine'>): Placement[] {
  const knows = (each: Placement) => knownCommits(each).some((sha) => sha === request.commit)
  return parts.journal
    .here()
    .filter(
      (each) =>
        each.service !== placement.service &&
        (sameAddress(each.source.url, placement.source.url) || knows(each)),
    )
}

function refuseFull({ service, quarantines }: Placement): void {
  if (quarantines.length < mostQuarantines) return
  throw new RefusedError('QUARANTINES_FULL', `${service} has ${mostQuarantines} quarantines already`, {
    hint: 'Lift those of commits that no branch contains any more.',
  })
}

/** The commits that the placement knows and that contain the one given. */
async function containing({ parts }: Asked, placement: Placement, sha: string): Promise<string[]> {
  const source = parts.service(placement.service)?.source
  if (!source) return []
  const signal = deadline(lookUp)
  const bars: string[] = []
  for (const each of new Set(knownCommits(placement)))
    if (each !== sha && (await containsSurely(parts, source, each, sha, signal))) bars.push(each)
  return bars
}

/** Lets a commit be deployed again; one that waited behind it is judged again. */
export async function lift(asked: Of<'lift'>): Promise<Accepted> {
  const { parts, placement, request, watchers } = asked
  const { commit, service, actor, why } = request
  const bar = placement.quarantines.find(({ sha }) => sha === commit)
  if (!bar) {
    const hint = `See what is: longshore show ${service}`
    throw new RefusedError('NOT_QUARANTINED', `${commit.slice(0, 7)} is not quarantined for ${service}`, {
      hint,
    })
  }
  const concerned = bar.repository ? [placement, ...withWideBar(asked)] : [placement]
  const drafts = concerned.map((each): CoreDraft => {
    return { kind: 'quarantine.lifted', service: each.service, commit, actor, why, data: {} }
  })
  const [event] = await parts.journal.record(...drafts)
  for (const each of concerned) watchers.get(each.service)?.again(actor)
  const [deployment] = concerned.map((each) => askAgain({ ...asked, placement: each }))
  return { seq: event!.seq, deployment }
}

/** The others that the same quarantine of the whole repository bars it from, those that are no longer declared too. */
function withWideBar({ parts, placement, request }: Of<'lift'>): Placement[] {
  return parts.journal
    .here()
    .filter(
      (each) =>
        each.service !== placement.service &&
        each.quarantines.some(({ sha, repository }) => sha === request.commit && repository),
    )
}

/** Keeps the service on one commit, whatever comes. */
export async function pin(asked: Of<'pin'>): Promise<Accepted> {
  const { running, kept = [] } = asked.placement
  const wanted = asked.request.commit
  // What runs, or was kept, comes as no surprise: no window and no approval bounds it.
  const known = running?.commit.sha === wanted || kept.some((each) => each.commit.sha === wanted)
  const { commit, refusal } = await judged(asked, wanted, known ? 'rollback' : undefined)
  if (refusal) throw new RefusedError(refusal.code, refusal.reason)
  const seq = await record(asked, { kind: 'pin.placed', commit: commit.sha, data: { commit } })
  return { seq, deployment: askAgain(asked, true) }
}

export async function unpin(asked: Of<'unpin'>): Promise<Accepted> {
  const { pin, seq, service } = asked.placement
  if (!pin) throw new RefusedError('NOT_PINNED', `${service} is not pinned`)
  const unpinned = await record(asked, { kind: 'pin.removed', commit: pin.commit.sha, data: {} })
  return { seq: unpinned ?? seq, deployment: askAgain(asked) }
}

export function reconsider({ placement, request, watchers }: Asked): Accepted {
  watchers.get(placement.service)?.again(request.actor)
  return { seq: placement.seq }
}

export function look({ placement, request, watchers }: Asked): Accepted {
  watchers.get(placement.service)?.look(request.actor)
  return { seq: placement.seq }
}

/** What should run may be another commit now; answers the deployment that this leads to. `force`: also one that failed. */
function askAgain(asked: Asked, force = false): string | undefined {
  const { parts, request, lanes } = asked
  const after = now(asked)
  const wanted = desired(after).commit
  const moves = wanted && !satisfied(after) && (force || !gaveUp(after))
  const id = moves ? newId(parts.clock.now()) : undefined
  const { actor, why } = request
  return lanes.get(after.service)?.ask({ trigger: 'operator', actor, why, force: force && moves, id })
}
