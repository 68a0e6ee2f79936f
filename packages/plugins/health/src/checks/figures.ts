import type { Metrics } from '@longshore/core'
import type { Scheduler } from '../schedule/scheduler.js'
import type { Board } from './board.js'

const verdicts = ['healthy', 'unhealthy', 'unknown'] as const

/** What the checks have to tell of themselves. */
export function addCheckMetrics({ add }: Metrics, board: Board, scheduler: Scheduler): void {
  add({
    name: 'longshore_checks',
    help: 'Checks by service and by what they said last',
    type: 'gauge',
    labels: ['service', 'verdict'],
    look: () => {
      const services = [...new Set(board.all().map(({ service }) => service))]
      return services.flatMap((service) =>
        verdicts.map((verdict) => ({
          value: board.of(service).filter(({ standing }) => standing.state === verdict).length,
          labels: { service, verdict },
        })),
      )
    },
  })
  add({
    name: 'longshore_checks_waiting',
    help: 'Looks that are due and wait for a place',
    type: 'gauge',
    look: () => [{ value: scheduler.load.waiting }],
  })
}
