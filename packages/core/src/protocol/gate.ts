import type { Commit } from './commit.js'
import type { Outcome, Trigger } from './deployment.js'
import { wayBack } from './desired.js'
import type { Placement } from './placement.js'

/** What a deployment leads to that was applied and found to be ill. */
export interface GateAnswer {
  outcome: Outcome
  /** The commit is barred from the service, by the system. */
  quarantine: boolean
  /** Nothing runs until a person starts it. */
  hold: boolean
}

/**
 * What follows when what was applied is ill. The commit is barred, so that `desired` goes back to what was kept. Not so
 * where going back would be no help: the service goes back already, or the commit itself is the one that was kept last.
 */
export function gateAnswer(
  placement: Placement,
  { commit, trigger }: { commit: Commit; trigger: Trigger },
  onFailure: 'rollback' | 'stop' | 'keep',
): GateAnswer {
  if (onFailure === 'keep') return { outcome: 'kept', quarantine: false, hold: false }
  const proven = placement.kept?.[0]?.commit.sha === commit.sha
  const bad = trigger !== 'rollback' && !proven
  if (onFailure === 'stop') return { outcome: 'failed', quarantine: bad, hold: true }
  const back = bad && wayBack(placement, commit) !== undefined
  return { outcome: back ? 'rolledBack' : 'failed', quarantine: bad, hold: false }
}
