import { desired } from './desired.js'
import type { HostState } from './host.js'
import { nextStep } from './next.js'
import type { Placement } from './placement.js'
import type { PlacementView } from './rest.js'
import { stateOf, why } from './why.js'

const made = new WeakMap<Placement, { host: HostState | undefined; view: PlacementView }>()

/** A placement as the API and the dashboard show it, with what is known of its host. Neither document ever changes, so it is made once. */
export function viewOf(placement: Placement, host: HostState | undefined): PlacementView {
  const known = made.get(placement)
  if (known && known.host === host) return known.view
  const { commit } = desired(placement)
  const told = { state: stateOf(placement, host), why: why(placement, host), next: nextStep(placement) }
  const view = { ...placement, ...told, desired: commit?.sha }
  made.set(placement, { host, view })
  return view
}
