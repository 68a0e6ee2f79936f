import type { Identity } from '@longshore/core'
import type { OidcConfig } from './config.js'
import { mailUnverified, noRole } from './errors.js'

/** What a provider says of somebody. Nothing of it is believed to have any form but `iss` and `sub`. */
export type Claims = Readonly<Record<string, unknown>> & { iss: string; sub: string }

/** The claims without which nobody is let in, or called as they should be. */
export function claimsWanted({ claim, name }: OidcConfig): string[] {
  return [claim, name ?? 'preferred_username']
}

/** Whom the claims are about, with the highest role that their groups give; who has none is refused. */
export function identityOf(claims: Claims, config: OidcConfig): Identity {
  const groups = groupsOf(claims[config.claim])
  const role = (['admin', 'operator', 'viewer'] as const).find((each) =>
    config.roles[each].some((group) => groups.includes(group)),
  )
  if (!role) throw noRole(config.claim)
  return { issuer: claims.iss, subject: claims.sub, name: nameOf(claims, config), role }
}

/** Some providers send one group as a text. A text is never split: it may be the name of one group. */
function groupsOf(claim: unknown): unknown[] {
  return Array.isArray(claim) ? claim : typeof claim === 'string' ? [claim] : []
}

/** What the account is called: the account itself is found by issuer and subject, which nobody chooses. */
function nameOf(claims: Claims, { name }: OidcConfig): string {
  // Anybody can say that an e-mail is theirs.
  const isVerified = claims['email_verified'] === true
  if (name === 'email' && !isVerified) throw mailUnverified()
  const wanted = name === undefined ? ['preferred_username', 'email'] : [name]
  const said = wanted
    .filter((each) => each !== 'email' || isVerified)
    .map((each) => claims[each])
    .find((each) => typeof each === 'string' && each !== '')
  return ((said as string | undefined) ?? claims.sub).slice(0, 200)
}
