import {
  InputError,
  StreamReply,
  type Caller,
  type Clock,
  type Contributions,
  type Journal,
  type RouteHandler,
} from '@longshore/core'
import {
  eventMatcher,
  parseTime,
  type coreRoutes,
  type Event,
  type EventFilter,
} from '@longshore/core/protocol'
import { cursorUnknown, invalid } from '../input.js'
import type { ApiParts } from './parts.js'
import { eventStream } from './event-stream.js'

type Routes = typeof coreRoutes

/** Milliseconds after which a page is answered as far as it came. */
const searchTime = 2_000

type Place = { after?: number; before?: number }

export function listEvents({ journal, clock, contributions }: ApiParts): RouteHandler<Routes['events']> {
  return async ({ query: { after, before, limit, cursor, ...asked }, caller, signal }) => {
    const given = [after, before, cursor].filter((each) => each !== undefined)
    if (given.length > 1) throw invalid([{ path: 'query', message: 'give one of after, before and cursor' }])
    const filter = filterOf(asked, clock)
    const isSeen = seenBy(caller, contributions)
    const until = clock.monotonic() + searchTime
    const items: Event[] = []
    for (let place = cursor === undefined ? { after, before } : placeOf(cursor); ;) {
      // A page of the store does a bounded amount of work: it may be short although there is more.
      const { events, next } = await journal.read({ ...filter, ...place, limit: limit - items.length })
      items.push(...events.filter(isSeen))
      if (next === undefined) return { items, next: null }
      place = place.after === undefined ? { before: next } : { after: next }
      if (items.length >= limit || clock.monotonic() > until || signal.aborted)
        return { items, next: cursorOf(place) }
    }
  }
}

/** What is about no service in particular is for those who may read of all; some kinds take a right of their own. */
export function seenBy(
  caller: Caller,
  { rights }: Pick<Contributions, 'rights'>,
): (event: Pick<Event, 'kind' | 'service'>) => boolean {
  return ({ kind, service }) => {
    const more = rights.get(kind)
    return caller.holds('events:read', service) && (!more || caller.holds(more, service))
  }
}

function cursorOf({ after, before }: Place): string {
  return after === undefined ? `before-${before}` : `after-${after}`
}

function placeOf(cursor: string): Place {
  const [, way, seq] = /^(after|before)-(\d{1,15})$/.exec(cursor) ?? []
  if (way === undefined) throw cursorUnknown()
  return way === 'after' ? { after: Number(seq) } : { before: Number(seq) }
}

/** Times of the query as points in time; their form was checked with it. */
function filterOf<Q extends { since?: string; until?: string }>({ since, until, ...rest }: Q, clock: Clock) {
  const at = (text: string | undefined) => (text === undefined ? undefined : parseTime(text, clock.now()))
  return { ...rest, since: at(since), until: at(until) }
}

/** Server-Sent Events: from the seq that the client saw last, from a time, or from now. */
export function streamEvents({
  journal,
  clock,
  contributions,
}: ApiParts): RouteHandler<Routes['eventStream']> {
  return async ({ query: { after, ...asked }, caller, headers, signal }) => {
    const filter = filterOf(asked, clock)
    const from = lastSeen(headers['last-event-id']) ?? after ?? (await beginning(journal, filter, signal))
    if (from > journal.last()) {
      throw new InputError(
        'WEB_SEQ_AHEAD',
        `seq ${from} has not happened: the newest event is ${journal.last()}`,
        {
          hint: 'This journal is not the one that you saw: begin anew, without Last-Event-ID.',
        },
      )
    }
    const fits = eventMatcher(filter)
    const isSeen = seenBy(caller, contributions)
    const matches = (event: Event) => isSeen(event) && fits(event)
    return new StreamReply(
      'text/event-stream; charset=utf-8',
      eventStream({ journal, clock, from, matches, signal }),
    )
  }
}

/** A browser that comes back says the last seq that it saw; it may also repeat the `after` of its first request. */
function lastSeen(header: string | undefined): number | undefined {
  if (header === undefined || header === '') return undefined
  if (/^\d{1,15}$/.test(header)) return Number(header)
  throw invalid([{ path: 'headers.last-event-id', message: 'a whole number: the seq of an event' }])
}

/** The seq before the first event that is not older than `since`; without that the stream begins now. */
async function beginning(journal: Journal, { since }: EventFilter, signal: AbortSignal): Promise<number> {
  const last = journal.last()
  for (let after: number | undefined = since === undefined ? undefined : 0; after !== undefined;) {
    signal.throwIfAborted()
    const { events, next } = await journal.read({ since, after, limit: 1 })
    if (events[0]) return events[0].seq - 1
    after = next
  }
  return last
}
