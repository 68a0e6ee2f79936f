import { actorWord } from './actor.js'
import type { Commit } from './commit.js'
import { barOf, desired, gaveUp, illChecks, isDrifted, isLost, satisfied } from './desired.js'
import type { HostState } from './host.js'
import type { Placement } from './placement.js'
import type { StateWord } from './rest.js'

/** What of the placement's host does not answer, so that nothing is known of what runs. */
function awayFor({ running, deployment }: Placement, host: HostState | undefined) {
  const kind = deployment?.runtime ?? running?.runtime
  return Object.values(host?.away ?? {}).find(({ kinds }) => kind !== undefined && kinds.includes(kind))
}

/**
 * The placement's state in one word: the first that holds, in `StateWord`'s order; what cannot be asked is unknown
 * whatever was known last.
 */
export function stateOf(placement: Placement, host?: HostState): StateWord {
  const { because, commit } = desired(placement)
  const drifted = isDrifted(placement)
  if (awayFor(placement, host)) return 'unknown'
  if (placement.stuck || gaveUp(placement)) return 'failing'
  if (drifted ? placement.drift!.gaveUp : isIll(placement) && commit) return 'failing'
  if (because === 'quarantined') return 'quarantined'
  if (placement.waiting) return 'waiting'
  if (because === 'held') return 'held'
  if (drifted) return 'drift'
  if (placement.deployment) return 'deploying'
  return commit && satisfied(placement) ? 'healthy' : 'unknown'
}

function isIll(placement: Placement): boolean {
  const { instances, running } = placement
  const own = instances.filter(({ deployment }) => deployment === running?.deployment)
  return own.some(({ state }) => state !== 'running' && state !== 'exited') || illChecks(placement).length > 0
}

const short = (commit: Commit) => commit.sha.slice(0, 7)

/** A sentence that says why what runs is not what should, or not what people would expect; undefined when it is. */
export function why(placement: Placement, host?: HostState): string | undefined {
  const { service, stuck, hold, running, newest, deployment } = placement
  const { because, commit } = desired(placement)
  const away = awayFor(placement, host)
  if (away) return `Nothing is known of ${service} since ${away.since}: ${away.reason}.`
  if (stuck) return `${service} should not run, but could not be ended: ${stuck.reason}`
  if (because === 'removed') return `${service} was removed from the config.`
  if (hold) {
    const waits = newest && newest.sha !== running?.commit.sha ? ` ${short(newest)} waits.` : ''
    const still = running ? 'still runs and is being ended' : 'does not run'
    return `${service} ${still}: ${actorWord(hold.by)} holds it since ${hold.since}${hold.why ? `, "${hold.why}"` : ''}.${waits}`
  }
  if (deployment) return `${service} moves to ${short(deployment.commit)}: ${deployment.phase}.`
  if (isDrifted(placement)) return differs(placement)
  if (commit && isLost(placement)) return lostStill(placement)
  if (because === 'quarantined') return setAside(placement)
  if (commit && gaveUp(placement)) return failedStill(placement, commit)
  if (because === 'nothing yet') return nothingYet(placement)
  return instanceTrouble(placement) ?? checkTrouble(placement) ?? notLetIn(placement)
}

function failedStill({ service, running, failed }: Placement, commit: Commit): string {
  const again = running?.commit.sha === commit.sha ? ' as it is declared now' : ''
  const still = running ? `${service} runs ${short(running.commit)}, not` : `${service} does not run`
  const how = failed?.sha === commit.sha ? failed : undefined
  return `${still} ${short(commit)}${again}: that was ${how?.outcome ?? 'failed'}${how?.reason ? `, ${how.reason}` : ''}.`
}

/** What was wanted is barred. */
function setAside(placement: Placement): string {
  const { service, running, newest, pin, kept } = placement
  const { commit: back } = desired(placement)
  // Another branch may be declared by now, of which nothing was let in yet.
  const wanted = (pin?.commit ?? newest ?? running?.commit)!
  const bar = barOf(placement, wanted)
  const which = pin ? `${short(wanted)}, on which it is pinned,` : `the newest ${short(wanted)}`
  const who = bar
    ? `${bar.by.kind === 'system' ? 'was quarantined' : `${actorWord(bar.by)} quarantined it`} at ${bar.since}${bar.why ? `: ${bar.why}` : ''}`
    : 'could not take over from what is quarantined'
  const runs = running ? `${service} runs ${short(running.commit)}` : `${service} does not run`
  if (!back) {
    const others = kept?.some(({ commit }) => commit.sha !== wanted.sha)
    const nothing = others ? 'Nothing that was kept before can take over.' : 'Nothing was kept before it.'
    return `${runs}: ${which} is barred, ${who}. ${nothing}`
  }
  if (gaveUp(placement))
    return `${runs}: ${which} is barred, ${who}. Going back to ${short(back)} failed too${placement.failed?.reason ? `: ${placement.failed.reason}` : ''}.`
  return `${runs}, not ${which}: ${who}.`
}

function nothingYet({ service, running, unreachable, refused, waiting, source }: Placement): string {
  if (running) {
    const { url, ref } = source
    const waits = unreachable ? `cannot be read, ${unreachable.reason}` : 'has shown no commit to deploy yet'
    return `${service} still runs ${short(running.commit)}: ${ref} of ${url} is declared now, and ${waits}.`
  }
  if (unreachable) return `${service} does not run: its repository cannot be read, ${unreachable.reason}`
  if (waiting) return `${service} does not run: ${short(waiting.commit)} waits, ${waiting.reason}`
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

function checkTrouble(placement: Placement): string | undefined {
  const [first, ...others] = illChecks(placement)
  if (!first) return undefined
  const more = others.length > 0 ? `, and ${others.length} more` : ''
  const what = `its check ${first.check} is unhealthy since ${first.since}: ${first.reason ?? 'no reason given'}`
  return `${placement.service} runs ${short(placement.running!.commit)}, but ${what}${more}.`
}

function notLetIn({ service, refused, running, waiting, pin, newest }: Placement): string | undefined {
  if (waiting) {
    const runs = running ? `${service} runs ${short(running.commit)}` : `${service} does not run`
    return `${runs}: ${short(waiting.commit)} waits, ${waiting.reason}`
  }
  if (pin && running && newest && newest.sha !== running.commit.sha)
    return `${service} runs ${short(running.commit)}, not the newest ${short(newest)}: ${actorWord(pin.by)} pinned it at ${pin.since}${pin.why ? `, "${pin.why}"` : ''}.`
  if (!refused || !running) return undefined
  return `${service} runs ${short(running.commit)}: ${refused.sha.slice(0, 7)} was refused, ${refused.reason}`
}

function instanceTrouble({ service, instances, running }: Placement): string | undefined {
  const ill = instances.find((each) => each.deployment === running?.deployment && each.state === 'restarting')
  if (!ill) return undefined
  const how = ill.signal ? `by ${ill.signal}` : `with exit code ${ill.exitCode ?? 'unknown'}`
  return `${service} runs ${short(running!.commit)}, but its process ended ${how} and is started again.`
}
