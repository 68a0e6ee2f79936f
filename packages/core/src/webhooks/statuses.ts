import { z } from 'zod'
import { SecretRef } from '../protocol/index.js'
import { UnavailableError, type LongshoreError } from '../kernel/errors.js'

/** An API's address: https, or http on loopback; a token never goes over plain http elsewhere. */
const Api = z
  .url({ protocol: /^https?$/, error: 'the address of an API, such as https://git.example/api/v1' })
  .max(500)
  .refine((text) => !URL.canParse(text) || isGood(new URL(text)), {
    error: 'an https address (http on loopback) without a user, a query or a #',
  })
  .overwrite((text) => text.replace(/\/+$/, ''))

function isGood({ protocol, hostname, username, password, search, hash }: URL): boolean {
  const near = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname)
  return (protocol === 'https:' || near) && `${username}${password}${search}${hash}` === ''
}

/**
 * A forge's part of `hooks`: its secrets and, for telling of deployments, `api` and a `token` that may write commit statuses.
 * One of the two is of no use without the other. The API's address has no slash at its end then.
 */
export function forgeSection<S extends z.ZodRawShape>(secrets: S) {
  const section = z.strictObject({ ...secrets, api: Api.optional(), token: SecretRef.optional() })
  return section.refine(
    (given: { api?: unknown; token?: unknown }) => (given.api === undefined) === (given.token === undefined),
    { error: 'api and token go together: say both, or none of them', path: ['api'] },
  )
}

/** One call of an API. */
export interface StatusCall {
  url: string
  /** What opens it stands here and nowhere else. */
  headers: Record<string, string>
  body: object
}

/**
 * Posts JSON. Resolves when that was taken. Rejects with an UnavailableError when it may be tried again, and with what
 * `refused` makes of the answer's status when that is of no use; where a redirect leads nobody goes.
 */
export async function postStatus(
  { url, headers, body }: StatusCall,
  refused: (status: number) => LongshoreError,
  signal: AbortSignal,
): Promise<void> {
  const { origin } = new URL(url)
  const sent = fetch(url, {
    method: 'POST',
    headers: {
      ...headers,
      'content-type': 'application/json',
      accept: 'application/json',
      'user-agent': 'longshore',
    },
    body: JSON.stringify(body),
    redirect: 'manual',
    signal,
  })
  const response = await sent.catch((cause: unknown) => {
    signal.throwIfAborted()
    throw away(`${origin} does not answer`, cause)
  })
  await response.body?.cancel()
  if (response.ok) return
  if (response.status >= 500 || response.status === 429 || response.status === 408)
    throw away(`${origin} answered ${response.status}`)
  throw refused(response.status)
}

function away(message: string, cause?: unknown): UnavailableError {
  return new UnavailableError('STATUS_UNSENT', message, {
    cause,
    hint: 'It is tried again for a while; look whether the forge is well and `api` in its section of `hooks` is right.',
  })
}
