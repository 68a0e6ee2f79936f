import type { Outcome } from '@longshore/core/protocol'

/** How a deployment ended. */
export const outcomes: Record<Outcome, string> = {
  kept: 'behalten',
  rolledBack: 'zurückgenommen',
  refused: 'abgelehnt',
  superseded: 'überholt',
  cancelled: 'abgebrochen',
  failed: 'fehlgeschlagen',
  interrupted: 'unterbrochen',
}
