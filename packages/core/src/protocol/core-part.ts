import { deploymentSlice } from './deployment-slice.js'
import { coreEvents } from './event.js'
import { hostSlice } from './host-slice.js'
import { placementSlice } from './placement-slice.js'

/** The core's own share of the protocol, in the shape that every plugin's has. */
export const coreProtocol = {
  events: coreEvents,
  slices: [placementSlice, deploymentSlice, hostSlice],
} as const
