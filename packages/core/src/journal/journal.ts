import type { EventPage, EventQuery } from '../contracts/storage.js'
import type { CoreDraft, Event, EventDraft, State } from '../protocol/index.js'
import { token } from '../kernel/token.js'

/** Everything that ever happened, and the only way to make something have happened. */
export interface Journal {
  /**
   * Advances: gives the facts their `seq`, reduces them into their documents and writes both in one atomic commit.
   * Resolves when that is durable; what it answers has then happened, and is told after. Several drafts are one write.
   */
  record(...drafts: (CoreDraft | EventDraft)[]): Promise<Event[]>
  read(query: EventQuery): Promise<EventPage>
  /** Every durable event after `seq`, in order, without gap, until the signal aborts. Batches of at most 500. */
  follow(after: number, signal: AbortSignal): AsyncIterable<Event[]>
  /** The documents of these slices after exactly the events up to `seq`. Whoever records meanwhile waits for it. */
  state(slices: readonly string[]): Promise<{ seq: number; state: State }>
  /** The newest durable seq. */
  last(): number
}

export const Journal = token<Journal>('Journal')
