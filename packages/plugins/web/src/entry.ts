import type { Ask, Caller, Gate, Grant, Knock } from '@longshore/core'
import { WebError } from './errors.js'
import { checkOwnPage } from './site.js'

/** What a client of `/live` asks for. */
export const connecting: Ask = {
  right: 'services:read',
  scoped: true,
  what: 'connect /live',
  changes: false,
}

/** Whether somebody has shown who they are. */
export function isKnown({ by }: Caller): boolean {
  return by !== 'nothing'
}

/** Who comes, or the refusal of a page of another site that a browser lends its cookie to. */
export async function whoComes(gate: Gate, knock: Knock, changes: boolean): Promise<Caller> {
  const caller = await gate.who(knock)
  if (caller.by === 'cookie' && changes) checkOwnPage(knock.headers)
  return caller
}

/** Lets a caller on, or says by which rule it may not. */
export async function letIn(gate: Gate, caller: Caller, ask: Ask): Promise<void> {
  const grant = await gate.may(caller, ask)
  if (!grant.ok) throw refused(caller, grant)
}

function refused(caller: Caller, { code, reason, hint }: Grant & { ok: false }): WebError {
  if (isKnown(caller)) return new WebError(code, reason, { status: 403, hint })
  return new WebError(code, reason, { status: 401, hint, headers: { 'WWW-Authenticate': 'Bearer' } })
}

/** Asks again whenever rights changed, and ends what was let in when it may no more. Answers the undo. */
export function stayLetIn(gate: Gate, caller: Caller, ask: Ask, end: () => void): () => void {
  return gate.changed(() => {
    gate.may(caller, { ...ask, changes: false }).then(
      ({ ok }) => ok || end(),
      () => end(),
    )
  })
}
