import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { HookRequest, HookVerdict } from '../protocol/index.js'
import type { Secret } from '../kernel/secret.js'

/** Milliseconds that a signed time may be away from now. */
const tolerance = 300_000
/** Signatures in one header: while a secret is replaced there are two. */
const mostSignatures = 8
/** Signs what nobody may sign: it costs as much as a secret that is there. */
const nobody = randomBytes(32)

/** Whether `given` is `prefix` and the lower-case hex of the body's HMAC-SHA256 by the secret. */
export function isHexSigned(
  secret: Secret | undefined,
  body: Uint8Array,
  given: string | undefined,
  prefix = '',
): boolean {
  const key = secret?.open() ?? ''
  const digest = createHmac('sha256', key === '' ? nobody : key)
    .update(body)
    .digest('hex')
  return isSameText(given ?? '', prefix + digest) && key !== ''
}

/** Whether the secret itself was given. */
export function isSecret(secret: Secret | undefined, given: string | undefined): boolean {
  const key = secret?.open() ?? ''
  return isSameText(given ?? '', key) && key !== ''
}

/**
 * Whether it bears a signature as Standard Webhooks has it (standardwebhooks.com): `webhook-id`, `webhook-timestamp` and, in
 * `webhook-signature`, `v1,` and the base64 of the HMAC-SHA256 of both and the body. A secret of `whsec_` and base64 is what that
 * stands for, another one its own bytes.
 */
export function isStandardSigned(
  secret: Secret | undefined,
  { headers, body }: HookRequest,
  now: number,
): boolean {
  const key = keyOf(secret?.open() ?? '')
  const { 'webhook-id': id = '', 'webhook-timestamp': time = '', 'webhook-signature': given = '' } = headers
  const digest = createHmac('sha256', key.length === 0 ? nobody : key)
    .update(`${id}.${time}.`)
    .update(body)
    .digest('base64')
  const signatures = /^v1a?,[\w+/=]{1,200}(?: v1a?,[\w+/=]{1,200})*$/.test(given) ? given : ''
  const fits = signatures
    .split(' ', mostSignatures)
    .map((each) => isSameText(each, `v1,${digest}`))
    .includes(true)
  const inTime = /^\d{1,12}$/.test(time) && Math.abs(Number(time) * 1000 - now) <= tolerance
  return fits && inTime && /^[\x21-\x7e]{1,200}$/.test(id) && key.length > 0
}

function keyOf(secret: string): Buffer {
  const coded = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret)?.[1]
  return coded === undefined ? Buffer.from(secret) : Buffer.from(coded, 'base64')
}

/** Compares without telling by its time how much was right. */
function isSameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}

/** What every forge answers whom it does not know, whatever gave them away. */
export const unsigned: HookVerdict = {
  kind: 'refused',
  code: 'HOOK_UNSIGNED',
  reason: 'it bears no signature by the secret that is configured',
}
