import type { Clock } from '@longshore/core'
import type { BoardParts } from '../checks/board.js'
import type { Series } from './series.js'

/** What checks say, as the series keep it. */
export function chartsOf(series: Series, clock: Clock): Pick<BoardParts, 'looked' | 'missed' | 'kept'> {
  return {
    looked: ({ key, aim }, { at, verdict, took }) => {
      const { state } = verdict
      const reason = state === 'healthy' ? undefined : verdict.reason
      if (aim) series.take(key, { at, sha: aim.commit.sha, state, took, reason })
    },
    missed: ({ key }, count) => series.missed(key, count, clock.now()),
    kept: (checks) => series.keep(checks, clock.now()),
  }
}
