import type { Commit } from './commit.js'
import type { CheckState, Kept, Placement, Quarantine } from './placement.js'

/** What a placement should run, and the rung of the ladder that says so. */
export interface Desired {
  /** Absent: nothing should run. */
  commit?: Commit
  /** The deployment to repeat, with what it used: the service goes back to what was kept. */
  like?: string
  because: 'removed' | 'held' | 'quarantined' | 'pinned' | 'newest' | 'nothing yet'
}

/**
 * The one place that decides what should run. The first rung that applies decides: removed from the config, hold,
 * quarantine, pin, the newest commit that the policy let in. Pure: it knows the placement's document and nothing else.
 *
 * A barred commit gives way to the last one that was kept and is not barred; without one nothing runs. Where what could
 * take over failed too, what the system barred runs on, since nothing better is there; what a person barred ends.
 */
export function desired(placement: Placement): Desired {
  const { declared, hold, pin, newest, running } = placement
  if (!declared) return { because: 'removed' }
  if (hold) return { because: 'held' }
  const wanted = pin?.commit ?? newest
  const mustGo = running !== undefined && isBarredByPerson(placement, running.commit)
  if (!wanted && !mustGo) return { because: 'nothing yet' }
  const useless = (commit: Commit) => mustGo && failedAs(placement, commit)
  if (wanted && !isBarred(placement, wanted) && !useless(wanted))
    return { commit: wanted, because: pin ? 'pinned' : 'newest' }
  const back = wayBack(placement)
  if (!back || useless(back.commit)) return { because: 'quarantined' }
  return { commit: back.commit, like: back.deployment, because: 'quarantined' }
}

/** The quarantine that bars a commit which the service knows. */
export function barOf({ quarantines }: Placement, { sha }: Pick<Commit, 'sha'>): Quarantine | undefined {
  return quarantines.find((each) => each.sha === sha || each.bars?.includes(sha))
}

export function isBarred(placement: Placement, commit: Pick<Commit, 'sha'>): boolean {
  return barOf(placement, commit) !== undefined
}

function isBarredByPerson(placement: Placement, commit: Commit): boolean {
  const bar = barOf(placement, commit)
  return bar !== undefined && bar.by.kind !== 'system'
}

/** What the service can go back to: the last commit that was kept, is not barred and is not the one given. */
export function wayBack(placement: Placement, from?: Pick<Commit, 'sha'>): Kept | undefined {
  return placement.kept?.find(({ commit }) => commit.sha !== from?.sha && !isBarred(placement, commit))
}

/** The commits that a placement names, by their shas: some of them more than once. */
export function knownCommits(placement: Placement): string[] {
  const { newest, seen, running, pin, waiting, deployment, kept = [] } = placement
  const named = [newest, seen, running?.commit, pin?.commit, waiting?.commit, deployment?.commit]
  return [...named, ...kept.map(({ commit }) => commit)].flatMap((each) => each?.sha ?? [])
}

/** Whether what runs is what should: the commit, brought about by the declaration as it stands. */
export function satisfied(placement: Placement): boolean {
  const { commit } = desired(placement)
  const { running, digest } = placement
  return commit ? running?.commit.sha === commit.sha && running.digest === digest : running === undefined
}

/** Whether the desired commit was tried as declared and failed: then only a person, or something newer, tries again. */
export function gaveUp(placement: Placement): boolean {
  const { commit } = desired(placement)
  return commit !== undefined && failedAs(placement, commit)
}

/** Whether the commit was tried as it is declared now, and failed. */
function failedAs({ failed, digest }: Placement, { sha }: Commit): boolean {
  const all = failed ? [failed, ...(failed.others ?? [])] : []
  return all.some((each) => each.sha === sha && each.digest === digest)
}

/** The words of an instance that runs, or that its runtime brings back by itself. */
export const alive: ReadonlySet<string> = new Set(['running', 'restarting'])

/** Whether what ran is gone without anybody's wish: it is brought back, however often that fails. */
export function isLost({ instances, running }: Placement): boolean {
  const own = instances.filter(({ deployment }) => running && deployment === running.deployment)
  return own.some(({ state }) => state === 'lost') && !own.some(({ state }) => alive.has(state))
}

/** Whether what runs is known not to be what was applied. */
export function isDrifted({ drift, running }: Placement): boolean {
  return running !== undefined && drift !== undefined && drift.differences.length > 0
}

/** The checks that found what runs to be ill. */
export function illChecks({ checks = [], running }: Placement): CheckState[] {
  return checks.filter(({ healthy, deployment }) => !healthy && deployment === running?.deployment)
}
