import type { z } from 'zod'
import type { HookRequest, HookVerdict } from '../protocol/index.js'

/** Objects and lists within each other. */
const deepest = 64

/** The parts of a payload that are read, or what is wrong with it in a sentence that repeats nothing of it. */
export type Payload<T> = { value: T; fault?: undefined } | { value?: undefined; fault: string }

/** The JSON of a webhook, also where it came as the field `payload` of a form. */
export function readPayload<S extends z.ZodType>(
  { headers, body }: HookRequest,
  schema: S,
): Payload<z.output<S>> {
  let given: unknown
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body)
    const isForm = /^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '')
    const json = isForm ? (new URLSearchParams(text).get('payload') ?? '') : text
    given = JSON.parse(json)
    // Of JSON that is known to be well formed: each string ends, so none is looked through twice.
    if (isTooDeep(json)) return { fault: `it is nested deeper than ${deepest}` }
  } catch {
    return { fault: 'it is no JSON in UTF-8' }
  }
  const parsed = schema.safeParse(given)
  if (parsed.success) return { value: parsed.data }
  const [issue] = parsed.error.issues
  return { fault: `${issue?.path.join('.') || 'the whole'}: ${issue?.message ?? 'it does not fit'}` }
}

/** Strings whole, so that what stands within them is not taken for structure. */
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]]/g

function isTooDeep(json: string): boolean {
  let depth = 0
  for (const [token] of json.matchAll(tokens)) {
    if (token === '{' || token === '[') depth++
    else if (token === '}' || token === ']') depth--
    if (depth > deepest) return true
  }
  return false
}

/** The name of an event as it may stand in a list, whatever the header holds. */
export function eventName(given: string | undefined): string {
  return given !== undefined && /^[\w :.-]{1,60}$/.test(given) ? given : 'unknown'
}

type Signed = { event: string; once?: string }

/** How a forge tells of pushes. */
export interface PushReading<S extends z.ZodType> {
  /** What it calls them. */
  events: readonly string[]
  schema: S
  /** Where something may be new; undefined when the push only removed. */
  of(push: z.output<S>): { repositories: string[]; refs?: string[] } | undefined
}

/** What a webhook means whose sender is known: a push is read, everything else is about nothing that is deployed. */
export function readPush<S extends z.ZodType>(
  request: HookRequest,
  signed: Signed,
  { events, schema, of }: PushReading<S>,
): HookVerdict {
  const nothing = (code: string, reason: string): HookVerdict => ({
    ...signed,
    kind: 'nothing',
    code,
    reason,
  })
  const { event } = signed
  if (!events.includes(event)) return nothing('HOOK_EVENT', `${event} is about nothing that is deployed`)
  const { value, fault } = readPayload(request, schema)
  if (fault !== undefined) return { ...signed, kind: 'malformed', reason: fault }
  const found = of(value)
  if (found) return { ...signed, kind: 'look', ...found }
  return nothing('HOOK_REF_REMOVED', 'a branch or a tag was removed, and that is never deployed')
}

/** Whether an id that git hosts send of a ref after a push says that it is gone. */
export function isNoCommit(sha: string | undefined): boolean {
  return sha !== undefined && /^0+$/.test(sha)
}
