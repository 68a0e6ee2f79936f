import { isIPv4 } from 'node:net'
import { SecretRef } from '@longshore/core/protocol'
import { z } from 'zod'

/** Addresses of this machine alone: what is plain cannot be read on the way to them. */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'))
}

const Issuer = z
  .url({ protocol: /^https?$/, error: 'the https address of an OpenID Connect issuer belongs here' })
  .max(1000)
  .refine((text) => isFit(text), {
    error:
      'an issuer is an https address (http on loopback only) without a user, a query, a fragment or /.well-known/',
  })

function isFit(text: string): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  const { protocol, username, password, search, hash, pathname } = url
  if (protocol !== 'https:' && !isLoopback(url)) return false
  return `${username}${password}${search}${hash}` === '' && !pathname.includes('/.well-known/')
}

const Groups = z.array(z.string().min(1).max(500)).max(1000).default([])
/** RFC 6749, 3.3. */
const Scope = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, { error: 'a scope is one word' })

/** The key `oidc` of the section `auth`; without it nobody signs in that way. */
export const OidcConfig = z
  .strictObject({
    /** As the provider names itself, to the letter. */
    issuer: Issuer,
    clientId: z.string().min(1).max(500),
    clientSecret: SecretRef,
    /** Groups of the provider by the role that they give; who is in none of them is not let in. */
    roles: z
      .strictObject({ admin: Groups, operator: Groups, viewer: Groups })
      .refine((roles) => Object.values(roles).some((groups) => groups.length > 0), {
        error: 'name at least one group: who is in none is not let in',
      }),
    /** The claim that lists the groups. */
    claim: z.string().min(1).max(200).default('groups'),
    /** The claim by which people are called; without it `preferred_username`, an e-mail that is verified, or `sub`. */
    name: z.string().min(1).max(200).optional(),
    scopes: z
      .array(Scope)
      .max(50)
      .refine((scopes) => scopes.includes('openid'), { error: 'openid belongs to them' })
      .default(['openid', 'profile', 'email', 'groups']),
  })
  .optional()
export type OidcConfig = NonNullable<z.infer<typeof OidcConfig>>
