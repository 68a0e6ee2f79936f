import type { z } from 'zod'
import type { Event } from './event.js'
import type { Right } from './rest.js'

/** Whether a caller may see what is said about that service, or about none in particular. */
export type Sees = (service: string | undefined) => boolean

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
  /**
   * What a client of the live socket is given of a document, to reduce on: the document itself for one that sees all.
   * Slices without it are not told; it is for those that stay small, and that whoever may read services may read.
   */
  shown?(state: S, key: string, sees: Sees): S | undefined
}

/** What a feature adds to the protocol: its event kinds with the shape of their data, and its slices of state. */
export interface ProtocolPart {
  events?: Record<string, z.ZodType>
  /** Rights that reading its events takes beside `events:read`, by kind; only for what not every reader may know. */
  rights?: Record<string, Right>
  slices?: Slice<any>[]
}

/** Keeps a slice's type while it joins others. */
export function slice<S>(part: Slice<S>): Slice<S> {
  return part
}

/** The documents of every slice: `state[slice][key]`. */
export type State = Record<string, Record<string, unknown>>

/** The part of a state that a caller is shown. */
export function showState(state: State, slices: readonly Slice[], sees: Sees): State {
  const shown = slices.flatMap(({ name, shown: show }) => {
    if (!show) return []
    const documents = Object.entries(state[name] ?? {}).flatMap(([key, document]) => {
      const seen = show(document, key, sees)
      return seen === undefined ? [] : [[key, seen]]
    })
    return [[name, Object.fromEntries(documents) as Record<string, unknown>]]
  })
  return Object.fromEntries(shown) as State
}

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
