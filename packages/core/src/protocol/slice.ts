import type { z } from 'zod'
import type { Event } from './event.js'

/**
 * A slice of state: documents that one pure reducer makes of the journal. The kernel writes a changed document in the
 * same atomic commit as the event; the dashboard runs the same reducer.
 */
export interface Slice<S = unknown> {
  /** The collection that its documents are kept in. */
  name: string
  /** The key of the one document that the event may change; undefined: the event is none of its business. */
  key(event: Event): string | undefined
  /** The document after the event; the same object when nothing changed; undefined removes it. */
  reduce(state: S | undefined, event: Event): S | undefined
}

/** What a feature adds to the protocol: its event kinds with the shape of their data, and its slices of state. */
export interface ProtocolPart {
  events?: Record<string, z.ZodType>
  slices?: Slice<any>[]
}

/** Keeps a slice's type while it joins others. */
export function slice<S>(part: Slice<S>): Slice<S> {
  return part
}

/** The documents of every slice: `state[slice][key]`. */
export type State = Record<string, Record<string, unknown>>

/** The state after one event. Untouched parts stay the same objects, so a view can compare by identity. */
export function reduce(state: State, event: Event, slices: readonly Slice[]): State {
  let next = state
  for (const { name, key, reduce: step } of slices) {
    const id = key(event)
    if (id === undefined) continue
    const documents = next[name] ?? {}
    const before = documents[id]
    const after = step(before, event)
    if (after === before) continue
    const changed = { ...documents }
    if (after === undefined) delete changed[id]
    else changed[id] = after
    next = { ...next, [name]: changed }
  }
  return next
}
