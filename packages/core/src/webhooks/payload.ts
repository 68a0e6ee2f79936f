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
    if (isTooDeep(json)) return { fault: `it is nested deeper than ${deepest}` }
    given = JSON.parse(json)
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

/** Nothing is to be done about an event of this kind. */
export function notDeployed(signed: Signed): HookVerdict {
  const { event } = signed
  return {
    ...signed,
    kind: 'nothing',
    code: 'HOOK_EVENT',
    reason: `${event} is about nothing that is deployed`,
  }
}

/** A branch or tag that is gone brings nothing. */
export function refRemoved(signed: Signed): HookVerdict {
  const reason = 'a branch or a tag was removed, and that is never deployed'
  return { ...signed, kind: 'nothing', code: 'HOOK_REF_REMOVED', reason }
}

/** Whether an id that git hosts send of a ref after a push says that it is gone. */
export function isNoCommit(sha: string | null | undefined): boolean {
  return sha === null || (sha !== undefined && /^0+$/.test(sha))
}
