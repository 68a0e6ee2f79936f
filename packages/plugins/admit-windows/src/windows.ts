import { startsOf } from './starts.js'

/** A stretch of time that comes again and again: `allow` or `deny` is the cron pattern of its starts. */
export interface Window {
  allow?: string | undefined
  deny?: string | undefined
  /** Milliseconds that it lasts, as they pass: a change of the clock makes it neither longer nor shorter. */
  for: number
  zone: string
}

/** `opens` is the next opening, and `zone` that of the window which makes it; without it they never open any more. */
export type Opening = { open: true } | { open: false; opens?: { at: number; zone: string } }

/** Milliseconds that are looked ahead for an opening. */
const ahead = 5 * 366 * 86_400_000
/** Milliseconds that a window lasts at least. */
export const shortest = 300_000
/** Edges of windows that are looked at for an opening: more than three a day have in that time. */
const edges = 6_000

/**
 * Whether these windows let something in at a time (milliseconds since the epoch), or when they will next. With an `allow`
 * only within one, without any always; a `deny` beats both. Pure.
 */
export function openAt(windows: readonly Window[], time: number): Opening {
  let edge: Edge | undefined = { at: time, zone: 'UTC' }
  for (let looked = 0; looked < edges && edge.at <= time + ahead; looked++) {
    const { at, zone }: Edge = edge
    const shut = closedUntil(windows, at)
    if (shut === 'open') return at === time ? { open: true } : { open: false, opens: { at, zone } }
    if (shut === 'for ever') break
    edge = shut
  }
  return { open: false }
}

interface Edge {
  at: number
  zone: string
}

/** The first moment after the time at which something changes for it. */
function closedUntil(windows: readonly Window[], time: number): Edge | 'open' | 'for ever' {
  for (const { deny, zone, for: lasts } of windows) {
    const at = deny === undefined ? undefined : endAround(deny, zone, lasts, time)
    if (at !== undefined) return { at, zone }
  }
  const starts: Edge[] = []
  let allows = false
  for (const { allow, zone, for: lasts } of windows) {
    if (allow === undefined) continue
    if (endAround(allow, zone, lasts, time) !== undefined) return 'open'
    allows = true
    const at = startsOf(allow, zone).after(time)
    if (at !== undefined) starts.push({ at, zone })
  }
  if (!allows) return 'open'
  return starts.sort((a, b) => a.at - b.at)[0] ?? 'for ever'
}

/** The end of the stretch that the time lies in, if it lies in one. All of a window are as long: the last begun ends last. */
function endAround(pattern: string, zone: string, lasts: number, time: number): number | undefined {
  const start = startsOf(pattern, zone).upTo(time)
  return start !== undefined && time < start + lasts ? start + lasts : undefined
}
