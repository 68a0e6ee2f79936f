import { z } from 'zod'

export const namePattern = /^[a-z0-9][a-z0-9-]{0,62}$/

/** A service's name is its id. */
export const ServiceName = z.string().regex(namePattern, {
  error: 'a service name is 1 to 63 of a-z, 0-9 and -, and begins with a letter or a digit',
})
export type ServiceName = z.infer<typeof ServiceName>

/** A host's name; the machine's host name unless the config says otherwise. */
export const HostName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, {
  error: 'a host name is 1 to 63 of letters, digits, ., _ and -',
})
export type HostName = z.infer<typeof HostName>

/** A full commit id: SHA-1 (40 hex digits) or SHA-256 (64). */
export const Sha = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, {
  error: 'a commit is its full id: 40 or 64 lower-case hex digits',
})
export type Sha = z.infer<typeof Sha>

/** RFC 3339 in UTC with milliseconds, as `Date.prototype.toISOString` prints it. */
export const Timestamp = z.iso.datetime()
export type Timestamp = z.infer<typeof Timestamp>

/** A deployment's id: sorts by the time it was queued. */
export const DeploymentId = z
  .string()
  .regex(/^[0-9a-z]{16}$/, { error: 'a deployment id is 16 of 0-9 and a-z' })
export type DeploymentId = z.infer<typeof DeploymentId>

/** The key of a placement's document: a service on one host. */
export function placementKey(service: string, host: string): string {
  return `${service}@${host}`
}
