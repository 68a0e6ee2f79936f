import { Duration } from '@longshore/core/protocol'
import { z } from 'zod'
import { cronFault, shortestGap } from './starts.js'
import { openAt, shortest } from './windows.js'

const pattern = z
  .string()
  .max(200)
  .superRefine((text, context) => {
    const message = cronFault(text)
    if (message) context.addIssue({ code: 'custom', message, input: text, continue: false })
  })

const zone = z
  .string()
  .max(100)
  .refine(isZone, { abort: true, error: 'a zone is the name of a time zone, such as Europe/Berlin or UTC' })

/** One of a service's `policy.windows`. */
const Window = z
  .strictObject({
    /** The starts of a window in which it is deployed, or is not: minute, hour, day, month, weekday. */
    allow: pattern.optional(),
    deny: pattern.optional(),
    for: Duration.refine((value) => value >= shortest, { error: 'a window lasts at least 5m' }),
    zone: zone.default('UTC'),
  })
  .superRefine(({ allow, deny, for: lasts }, context) => {
    const say = (message: string, path: string[] = []) =>
      context.addIssue({ code: 'custom', message, path, continue: false })
    const [starts, other] = [allow, deny].filter((each) => each !== undefined)
    if (starts === undefined || other !== undefined) return say('either allow or deny belongs here')
    const gap = shortestGap(starts)
    if (gap < lasts)
      say(`${JSON.stringify(starts)} begins again after ${inWords(gap)}: for is at most that`, ['for'])
  })

/** The key `windows` of a service's `policy`. */
export const Windows = z
  .array(Window)
  .max(50)
  .superRefine((windows, context) => {
    const opening = openAt(windows, Date.now())
    if (!opening.open && !opening.opens)
      context.addIssue({
        code: 'custom',
        message: 'with these windows nothing is deployed in the next five years',
      })
  })
  .default([])
export type Windows = z.infer<typeof Windows>

/** Names only: an offset such as +02:00 knows nothing of summer time. */
function isZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

function inWords(milliseconds: number): string {
  const minutes = milliseconds / 60_000
  return minutes % 1440 === 0 ? `${minutes / 1440}d` : minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`
}
