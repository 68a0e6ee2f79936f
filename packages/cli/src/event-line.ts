import { actorWord, type Event } from '@longshore/core/protocol'
import { plain, type Terminal } from './terminal.js'

/** An event as people read it: what happened to what, why, and who did it. */
export function eventLine(
  { paint }: Terminal,
  { seq, time, kind, service, actor, why, commit, data }: Event,
): string {
  const facts = [
    service,
    commit?.slice(0, 7),
    detail(data as Record<string, unknown>),
    why && `"${why}"`,
    ['system', 'poll'].includes(actor.kind) ? undefined : `by ${actorWord(actor)}`,
  ]
  return `${paint('dim', `${seq} ${time}`)} ${kind} ${plain(facts.filter(Boolean).join(' '))}`
}

/** The one fact of an event's data that people look for first. */
function detail(data: Record<string, unknown>): string | undefined {
  const fact =
    data['reason'] ?? data['outcome'] ?? data['phase'] ?? data['because'] ?? data['changes'] ?? data['errors']
  if (data['held'] === true) return 'held: it waits for a start'
  if (Array.isArray(fact)) return fact.map(String).join(', ')
  return typeof fact === 'string' ? fact : undefined
}
