import { actorWord, isKind, type Difference, type Event } from '@longshore/core/protocol'
import { called, ending } from './instance.js'
import { plain, type Terminal } from './terminal.js'

/** An event as people read it: what happened to what, why, and who did it. */
export function eventLine({ paint }: Terminal, event: Event): string {
  const { seq, time, kind, service, actor, why, commit } = event
  const facts = [
    service,
    commit?.slice(0, 7),
    knownFact(event) ?? detail(event.data as Record<string, unknown>),
    why && `"${why}"`,
    ['system', 'poll'].includes(actor.kind) ? undefined : `by ${actorWord(actor)}`,
  ]
  return `${paint('dim', `${seq} ${time}`)} ${kind} ${plain(facts.filter(Boolean).join(' '))}`
}

/** Which one of the service's it is, and how it ended or what it said. */
function knownFact(event: Event): string | undefined {
  if (isKind(event, 'instance.started')) return called(event.data)
  if (isKind(event, 'instance.lost')) return `${called(event.data)}: ${event.data.reason}`
  if (isKind(event, 'check.healthy')) return event.data.check
  if (isKind(event, 'check.unhealthy', 'check.unknown'))
    return `${event.data.check}${event.data.reason ? `: ${event.data.reason}` : ''}`
  if (isKind(event, 'quarantine.placed') && event.data.descendants) return 'and what contains it'
  if (event.kind.startsWith('access.')) return access(event.data as Record<string, string | number>)
  if (!isKind(event, 'instance.exited')) return undefined
  const { reason } = event.data
  return `${called(event.data)} ${ending(event.data)}${reason ? `: ${reason}` : ''}`
}

/** What was asked for, what it was about, from where, and why it was refused. */
function access({ what, about, from, reason, times }: Record<string, string | number>): string {
  const facts = [what, about, reason && `(${reason})`, from && `from ${from}`, times && `${times} times`]
  return facts.filter(Boolean).join(' ')
}

/** The one fact of an event's data that people look for first. */
function detail(data: Record<string, unknown>): string | undefined {
  const fact =
    data['reason'] ?? data['outcome'] ?? data['phase'] ?? data['because'] ?? data['changes'] ?? data['errors']
  if (data['held'] === true) return 'held: it waits for a start'
  if (Array.isArray(fact)) return fact.map(String).join(', ')
  if (Array.isArray(data['differences']))
    return data['differences'].map(({ say }: Difference) => say).join('; ')
  return typeof fact === 'string' ? fact : undefined
}
