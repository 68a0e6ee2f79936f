import { desired, gaveUp, isLost, satisfied } from './desired.js'
import { nextHeal } from './heal.js'
import type { Placement } from './placement.js'

/** A sentence about what happens next, and what somebody can do for it, when nothing else comes. */
export function nextStep(placement: Placement): string {
  const { service, declared, hold, deployment, stuck, waiting, source } = placement
  const { because } = desired(placement)
  if (stuck) return 'Its end is tried again.'
  if (!declared) return 'Nothing: the config does not declare it.'
  if (hold) return `Nothing starts it but \`longshore start ${service}\`.`
  if (deployment) return `The deployment ${deployment.id} goes on; \`longshore cancel\` ends it.`
  const heal = nextHeal(placement)
  if (heal?.act === 'try') return `What changed is put right at ${new Date(heal.at).toISOString()}.`
  if (gaveUp(placement))
    return `Nothing by itself: ${placement.pin ? '' : 'a newer commit, '}another declaration or \`longshore deploy ${service}\` tries again.`
  if (isLost(placement) || !satisfied(placement)) {
    if (because !== 'nothing yet' && (because !== 'quarantined' || desired(placement).commit))
      return 'What should run is brought.'
  }
  if (waiting) {
    const when = waiting.until === undefined ? 'when that changes' : `at ${waiting.until}`
    return `${waiting.commit.sha.slice(0, 7)} is judged again ${when}.`
  }
  if (placement.pin) return `Nothing newer is brought until \`longshore unpin ${service}\`.`
  return `The next commit of ${source.ref} is brought, once it is let in${unlessItContains(placement)}.`
}

/** Of the quarantines that bar what comes, the first. */
function unlessItContains({ quarantines }: Placement): string {
  const [first, ...others] = quarantines.filter(({ descendants }) => descendants)
  if (!first) return ''
  const more = others.length > 0 ? ` or ${others.length} more` : ''
  return `, unless it contains ${first.sha.slice(0, 7)}${more}`
}
