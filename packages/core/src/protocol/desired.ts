import { actorWord } from './actor.js'
import type { Commit } from './commit.js'
import type { HostState } from './host.js'
import type { Placement } from './placement.js'
import type { StateWord } from './rest.js'

/** What a placement should run, and the rung of the ladder that says so. */
export interface Desired {
  /** Absent: nothing should run. */
  commit?: Commit
  because: 'removed' | 'held' | 'quarantined' | 'pinned' | 'newest' | 'nothing yet'
}

/**
 * The one place that decides what should run. The first rung that applies decides: removed from the config, hold,
 * quarantine, pin, the newest admitted commit. Pure: it knows the placement's document and nothing else.
 */
export function desired(placement: Placement): Desired {
  if (!placement.declared) return { because: 'removed' }
  if (placement.hold) return { because: 'held' }
  const wanted = placement.pin?.commit ?? placement.newest
  if (!wanted) return { because: 'nothing yet' }
  if (barred(placement, wanted)) {
    const running = placement.running?.commit
    return { commit: running && !barred(placement, running) ? running : undefined, because: 'quarantined' }
  }
  return { commit: wanted, because: placement.pin ? 'pinned' : 'newest' }
}

function barred(placement: Placement, commit: Commit): boolean {
  return placement.quarantines.some(({ sha }) => sha === commit.sha)
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
  return (
    commit !== undefined &&
    placement.failed?.sha === commit.sha &&
    placement.failed.digest === placement.digest
  )
}

/** The words of an instance that runs, or that its runtime brings back by itself. */
export const alive: ReadonlySet<string> = new Set(['running', 'restarting'])

/** Whether what ran is gone without anybody's wish: it is brought back, however often that fails. */
export function isLost({ instances, running }: Placement): boolean {
  const own = instances.filter(({ deployment }) => running && deployment === running.deployment)
  return own.some(({ state }) => state === 'lost') && !own.some(({ state }) => alive.has(state))
}

/** What of the placement's host does not answer, so that nothing is known of what runs. */
function awayFor({ running, deployment }: Placement, host: HostState | undefined) {
  const kind = deployment?.runtime ?? running?.runtime
  return Object.values(host?.away ?? {}).find(({ kinds }) => kind !== undefined && kinds.includes(kind))
}

/** Whether what runs is known not to be what was applied. */
export function isDrifted({ drift, running }: Placement): boolean {
  return running !== undefined && drift !== undefined && drift.differences.length > 0
}

/**
 * The placement's state in one word: the first that holds, in `StateWord`'s order; what cannot be asked is unknown
 * whatever was known last.
 */
export function stateOf(placement: Placement, host?: HostState): StateWord {
  const { because, commit } = desired(placement)
  const ill = placement.instances.some(
    ({ state, deployment }) =>
      state !== 'running' && state !== 'exited' && deployment === placement.running?.deployment,
  )
  const drifted = isDrifted(placement)
  if (awayFor(placement, host)) return 'unknown'
  if (placement.stuck || gaveUp(placement) || (drifted ? placement.drift!.gaveUp : ill && commit))
    return 'failing'
  if (because === 'quarantined') return 'quarantined'
  if (because === 'held') return 'held'
  if (drifted) return 'drift'
  if (placement.deployment) return 'deploying'
  return commit && satisfied(placement) ? 'healthy' : 'unknown'
}

const short = (commit: Commit) => commit.sha.slice(0, 7)

/** A sentence that says why what runs is not what should, or not what people would expect; undefined when it is. */
export function why(placement: Placement, host?: HostState): string | undefined {
  const { service, stuck, hold, failed, running, newest, deployment } = placement
  const { because, commit } = desired(placement)
  const away = awayFor(placement, host)
  if (away) return `Nothing is known of ${service} since ${away.since}: ${away.reason}.`
  if (stuck) return `${service} should not run, but could not be ended: ${stuck.reason}`
  if (because === 'removed') return `${service} was removed from the config.`
  if (hold) {
    const waits = newest && newest.sha !== running?.commit.sha ? ` ${short(newest)} waits.` : ''
    return `${service} does not run: ${actorWord(hold.by)} holds it since ${hold.since}${hold.why ? `, "${hold.why}"` : ''}.${waits}`
  }
  if (deployment) return `${service} moves to ${short(deployment.commit)}: ${deployment.phase}.`
  if (isDrifted(placement)) return differs(placement)
  if (commit && isLost(placement)) return lostStill(placement)
  if (commit && gaveUp(placement)) {
    const again = running?.commit.sha === commit.sha ? ' as it is declared now' : ''
    const still = running ? `${service} runs ${short(running.commit)}, not` : `${service} does not run`
    return `${still} ${short(commit)}${again}: that was ${failed!.outcome}${failed!.reason ? `, ${failed!.reason}` : ''}.`
  }
  if (because === 'quarantined')
    return `${service}: the newest commit ${newest ? short(newest) : ''} is quarantined.`
  if (because === 'nothing yet') return nothingYet(placement)
  return instanceTrouble(placement) ?? notLetIn(placement)
}

function nothingYet({ service, running, unreachable, refused, source }: Placement): string {
  if (running) {
    const { url, ref } = source
    const waits = unreachable ? `cannot be read, ${unreachable.reason}` : 'has shown no commit to deploy yet'
    return `${service} still runs ${short(running.commit)}: ${ref} of ${url} is declared now, and ${waits}.`
  }
  if (unreachable) return `${service} does not run: its repository cannot be read, ${unreachable.reason}`
  if (refused) return `${service} does not run: ${refused.sha.slice(0, 7)} was refused, ${refused.reason}`
  return `${service} does not run yet: no commit of ${source.ref} was seen.`
}

function differs({ service, drift, running }: Placement): string {
  const { differences, gaveUp, tries } = drift!
  const [first] = differences
  const more = differences.length > 1 ? `, and ${differences.length - 1} more` : ''
  const times = tries === 1 ? 'once' : `${tries} times`
  const healing = tries > 0 ? ` Healing was tried ${times}${gaveUp ? ' and gave up' : ''}.` : ''
  return `${service} was changed behind Longshore's back since ${short(running!.commit)} was deployed: ${first!.say}${more}.${healing}`
}

function lostStill({ service, running, last }: Placement): string {
  const tried = last && last.id !== running!.deployment && last.outcome === 'failed'
  const how = tried ? ` and could not be brought back, ${last.reason ?? 'it failed'}` : ''
  return `${service} does not run: ${short(running!.commit)} was lost${how}; it is tried again.`
}

function notLetIn({ service, refused, running }: Placement): string | undefined {
  if (!refused || !running) return undefined
  return `${service} runs ${short(running.commit)}: ${refused.sha.slice(0, 7)} was refused, ${refused.reason}`
}

function instanceTrouble({ service, instances, running }: Placement): string | undefined {
  const ill = instances.find((each) => each.deployment === running?.deployment && each.state === 'restarting')
  if (!ill) return undefined
  const how = ill.signal ? `by ${ill.signal}` : `with exit code ${ill.exitCode ?? 'unknown'}`
  return `${service} runs ${short(running!.commit)}, but its process ended ${how} and is started again.`
}
