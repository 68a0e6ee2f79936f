import type { Deployment } from './deployment.js'
import { isKind, type Event } from './event.js'
import { slice } from './slice.js'

/** One document per deployment: its phases with their times, and its outcome. */
export const deploymentSlice = slice<Deployment>({
  name: 'deployment',
  key: (event) => (event.kind.startsWith('deployment.') ? event.deployment : undefined),
  reduce(state, event) {
    if (isKind(event, 'deployment.queued')) return queued(event)
    if (!state || state.outcome) return state
    if (isKind(event, 'deployment.started')) return enter(state, event.data.phase, event)
    if (isKind(event, 'deployment.entered')) {
      const { phase, made = state.made } = event.data
      return { ...enter(state, phase, event), ...(made && { made }) }
    }
    if (isKind(event, 'deployment.settled')) {
      const { outcome, code, reason } = event.data
      return { ...enter(state, 'settled', event), outcome, code, reason }
    }
    return state
  },
})

function queued(event: Event): Deployment {
  if (!isKind(event, 'deployment.queued')) throw new TypeError(event.kind)
  return {
    id: event.deployment!,
    service: event.service!,
    host: event.host,
    commit: event.data.commit,
    trigger: event.data.trigger,
    actor: event.actor,
    why: event.why,
    phase: 'queued',
    phases: [{ phase: 'queued', at: event.time }],
    seq: event.seq,
  }
}

function enter(state: Deployment, phase: Deployment['phase'], event: Event): Deployment {
  return { ...state, phase, phases: [...state.phases, { phase, at: event.time }] }
}
