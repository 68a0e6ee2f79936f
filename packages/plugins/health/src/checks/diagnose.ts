import type { DoctorLine } from '@longshore/core'
import type { Scheduler } from '../schedule/scheduler.js'
import type { Board } from './board.js'

/** Looks that may wait for a place without anything being wrong. */
const waitingMost = 100

/** Whether Longshore keeps up with looking. What the checks say is told by the services' state. */
export function diagnose(board: Board, { load }: Scheduler): DoctorLine {
  const checks = board.all()
  const count = (state: string) => checks.filter(({ standing }) => standing.state === state).length
  const states = (['healthy', 'unhealthy', 'unknown'] as const).flatMap((state) => {
    const found = count(state)
    return found > 0 ? [`${found} ${state}`] : []
  })
  const all = checks.length === 1 ? '1 check' : `${checks.length} checks`
  const say = states.length > 0 ? `${all}: ${states.join(', ')}` : 'no checks are declared'
  if (load.waiting <= waitingMost) return { ok: true, say }
  return {
    ok: false,
    say: `${say}; ${load.waiting} looks wait for a place`,
    hint: 'Too many targets hang at once: give their checks a shorter timeout, or look less often.',
  }
}
