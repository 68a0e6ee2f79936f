import { z } from 'zod'
import { parseTime } from './units.js'

/** A point of the past: after the event of a seq, or at a time (milliseconds since the epoch). */
export type Point = { seq: number } | { time: number }

/** The point that people mean: a whole number is a seq, anything else a time or a span back from now. Undefined when neither. */
export function parsePoint(text: string, now: number): Point | undefined {
  if (/^\d{1,15}$/.test(text)) return { seq: Number(text) }
  const time = parseTime(text, now)
  return time === undefined ? undefined : { time }
}

/** A point as it stands in a query. */
export const At = z
  .string()
  .max(40)
  .refine((text) => parsePoint(text, 0) !== undefined, {
    error: 'a time is RFC 3339, such as 2030-01-31T09:00:00Z, a span back from now, such as 1h, or a seq',
  })
