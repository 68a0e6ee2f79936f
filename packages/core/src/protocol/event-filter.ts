import { actorWord } from './actor.js'
import type { Event } from './event.js'

/** Which events are asked for: all that is given must hold. */
export interface EventFilter {
  service?: string
  kind?: string
  /** As `actorWord` writes it. */
  actor?: string
  host?: string
  deployment?: string
  /** Milliseconds since the epoch, both inclusive. */
  since?: number
  until?: number
  /** Literal text that stands, in any case, in the event's why, data, service, commit or kind. */
  search?: string
}

/** Tells of an event whether the filter lets it through; the meaning of every filter is here alone. */
export function eventMatcher(filter: EventFilter): (event: Event) => boolean {
  const { service, kind, actor, host, deployment, since = -Infinity, until = Infinity, search } = filter
  const wanted = search?.toLowerCase()
  return (event) => {
    if (service !== undefined && event.service !== service) return false
    if (kind !== undefined && event.kind !== kind) return false
    if (host !== undefined && event.host !== host) return false
    if (deployment !== undefined && event.deployment !== deployment) return false
    if (actor !== undefined && actorWord(event.actor) !== actor) return false
    if (since !== -Infinity || until !== Infinity) {
      const time = Date.parse(event.time)
      if (time < since || time > until) return false
    }
    if (wanted === undefined) return true
    return says([event.why, event.service, event.commit, event.kind, event.data], wanted)
  }
}

/** Whether the text stands in a value, or in any value within it. Names of fields do not count. */
function says(value: unknown, wanted: string): boolean {
  if (typeof value === 'string') return value.toLowerCase().includes(wanted)
  if (typeof value === 'number' || typeof value === 'boolean') return String(value).includes(wanted)
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).some((part) => says(part, wanted))
}
