import { Timestamp } from '@longshore/core/protocol'
import { z } from 'zod'

/** What an account may: a viewer reads, an operator also acts on services, an administrator may everything. */
export const Role = z.enum(['viewer', 'operator', 'admin']).meta({ id: 'Role' })
export type Role = z.infer<typeof Role>

/** As people type it; upper case is the same as lower case. */
export const UserName = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^[a-z0-9][a-z0-9._@-]{0,62}$/, {
    error: 'a name is 1 to 63 of a-z, 0-9, ., _, @ and -, and begins with a letter or a digit',
  })

/** Services by a pattern of their names (`web-*`), or by a label that they bear (`team=blue`). */
export const Scope = z.string().regex(/^(?:[a-z0-9*][a-z0-9*-]{0,62}|[\w./-]{1,63}=[\w./-]{0,63})$/, {
  error: 'services are named by a pattern such as web-*, or by a label such as team=blue',
})
export const Scopes = z.array(Scope).min(1).max(50)

/** A right of a token: `services:read`, `services:deploy:api` (of services that fit the pattern), `hooks:api`. */
export const TokenRight = z
  .string()
  .regex(/^(?:[a-z]{1,30}:(?:read|write|deploy|stop)(?::[a-z0-9*-]{1,63})?|hooks:[a-z0-9*-]{1,63})$/, {
    error:
      'a right is a noun and read, write, deploy or stop, and may name services: services:read, services:deploy:api',
  })

/** NIST SP 800-63B: length counts, composition does not. Bounded, for each costs memory to hash. */
export const Password = z
  .string()
  .min(12, { error: 'a password has 12 characters or more' })
  .max(200, { error: 'a password has 200 characters at most' })

/** A user as administrators see it. */
export const User = z
  .strictObject({
    name: z.string(),
    role: Role,
    /** Its rights are for these services only; absent: for all. */
    services: z.array(z.string()).optional(),
    /** How it signs in: by a password, by an identity provider, or not yet: it was sent a link. */
    signsIn: z.enum(['password', 'provider', 'link']),
    /** It needs a code too. */
    totp: z.boolean(),
    disabled: z.boolean(),
    created: Timestamp,
    /** When it was last seen, as exactly as a minute. */
    seen: Timestamp.optional(),
  })
  .meta({ id: 'User' })
export type User = z.infer<typeof User>

export const Session = z
  .strictObject({
    id: z.string(),
    user: z.string(),
    created: Timestamp,
    seen: Timestamp,
    expires: Timestamp,
    /** The address that it was opened from, and the browser as it calls itself. */
    from: z.string().optional(),
    agent: z.string().optional(),
    /** It is the one that asks. */
    current: z.boolean(),
  })
  .meta({ id: 'Session' })
export type Session = z.infer<typeof Session>

export const Token = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    /** Whose it is: it never has more rights than that account. Absent: made on the machine itself. */
    owner: z.string().optional(),
    role: Role.optional(),
    rights: z.array(z.string()).optional(),
    services: z.array(z.string()).optional(),
    /** The addresses that it may be used from; absent: from anywhere. */
    networks: z.array(z.string()).optional(),
    created: Timestamp,
    expires: Timestamp.optional(),
    /** When it was last used, as exactly as a minute. */
    used: Timestamp.optional(),
  })
  .meta({ id: 'Token' })
export type Token = z.infer<typeof Token>

/** Who asks, and what they may. */
export const Me = z
  .strictObject({
    by: z.enum(['socket', 'token', 'cookie']),
    name: z.string(),
    role: Role.optional(),
    rights: z.array(z.string()).optional(),
    services: z.array(z.string()).optional(),
    /** Of a session: whether its account needs a code, recovery codes that are left, and when it is over. */
    totp: z.boolean().optional(),
    recovery: z.int().optional(),
    expires: Timestamp.optional(),
  })
  .meta({ id: 'Me' })
export type Me = z.infer<typeof Me>
