import { eventMatcher, type Event } from '@longshore/core/protocol'
import type { EventPage, EventQuery } from '@longshore/core'
import type { Recent } from './recent.js'
import { Segment } from './segment.js'
import type { Segments } from './segments.js'
import { candidates, wordsAsked } from './words.js'

/** What one page may cost, so that no query holds up the others: events looked into for text, segments looked up. */
const lookedInto = 5_000
const lookedUp = 64
/** Events that are read before it is known which of them say the text. */
const searchedAtOnce = 500

/** A page in the making: where it is, what it found, what it may still cost. */
interface Work {
  cursor: number
  descending: boolean
  low: number
  high: number
  /** One more event than is asked for: it tells that there is a next page. */
  wanted: number
  found: Event[]
  looksInto: number
  looksUp: number
}

/** What the reader reads: everything between `first` and `last` is there and durable. */
export interface Journal {
  readonly segments: Segments
  readonly recent: Recent
  first(): number
  last(): number
}

/** One page of events, by the indexes wherever the query names a word or a time. */
export async function readPage(journal: Journal, query: EventQuery): Promise<EventPage> {
  const descending = query.after === undefined
  const low = Math.max(journal.first(), (query.after ?? 0) + 1)
  const high = Math.min(journal.last(), descending ? (query.before ?? Infinity) - 1 : Infinity)
  const work: Work = {
    cursor: descending ? high : low,
    descending,
    low,
    high,
    wanted: query.limit + 1,
    found: [],
    looksInto: query.search === undefined ? Infinity : lookedInto,
    looksUp: lookedUp,
  }
  const words = wordsAsked(query)
  const indexed = words.length > 0 || query.since !== undefined || query.until !== undefined
  while (inRange(work) && work.found.length < work.wanted && work.looksInto > 0 && work.looksUp > 0) {
    work.low = Math.max(work.low, journal.first())
    if (!descending) work.cursor = Math.max(work.cursor, work.low)
    const part = journal.segments.at(work.cursor) ?? journal.recent
    if (part instanceof Segment && outside(part, query)) {
      leave(part, work)
      continue
    }
    if (part instanceof Segment) await journal.segments.use(part)
    else if (indexed) await part.catchUp(high)
    // While this waited, what was recent may have been sealed, and what was sealed pruned or closed again.
    if (part !== (journal.segments.at(work.cursor) ?? journal.recent) || work.cursor < part.first) continue
    if (part instanceof Segment ? !part.isOpen : indexed && !part.isIndexed(high)) continue
    work.looksUp--
    scan(part, query, words, work)
  }
  return page(work, query.limit)
}

function inRange({ cursor, low, high }: Work): boolean {
  return cursor >= low && cursor <= high
}

function outside({ entry }: Segment, { since = -Infinity, until = Infinity }: EventQuery): boolean {
  return entry.until < since || entry.since > until
}

/** Goes on behind the part, in the page's direction. */
function leave(part: Segment | Recent, work: Work): void {
  const last = part instanceof Segment ? part.last : work.high
  work.cursor = work.descending ? part.first - 1 : last + 1
}

/** Takes what the part has, in one turn: nothing moves meanwhile. */
function scan(part: Segment | Recent, query: EventQuery, words: string[], work: Work): void {
  const { first } = part
  const { descending, cursor } = work
  const last = part instanceof Segment ? part.last : work.high
  const from = (descending ? Math.max(first, work.low) : cursor) - first
  const to = (descending ? cursor : Math.min(last, work.high)) - first
  const matches = query.search === undefined ? undefined : eventMatcher({ search: query.search })
  const offsets = candidates(part, words, query, { from, to, descending })
  for (;;) {
    const batch = take(
      offsets,
      matches ? Math.min(work.looksInto, searchedAtOnce) : work.wanted - work.found.length,
    )
    for (const event of part.read(batch)) {
      work.cursor = event.seq + (descending ? -1 : 1)
      if (!matches || matches(event)) work.found.push(event)
      if (work.found.length >= work.wanted || --work.looksInto <= 0) return
    }
    if (batch.length === 0) return leave(part, work)
  }
}

/** The next so many of them, or what is left: a part reads many at once for little more than one. */
function take(offsets: Iterator<number, void>, most: number): number[] {
  const taken: number[] = []
  while (taken.length < most) {
    const next = offsets.next()
    if (next.done) break
    taken.push(next.value)
  }
  return taken
}

function page(work: Work, limit: number): EventPage {
  const { found, descending, cursor } = work
  const events = found.slice(0, limit)
  if (found.length > limit) return { events, next: events.at(-1)!.seq }
  // Not at the end, yet it had cost enough.
  return inRange(work) ? { events, next: cursor + (descending ? 1 : -1) } : { events }
}
