import type { Knock } from '@longshore/core'

/** The name of a session's cookie. Browsers hold `__Host-` to its promise: over TLS, for this host alone. */
const name = { secure: '__Host-longshore', plain: 'longshore' }
const secret = /^[\w-]{43}$/

/** The secret of a bearer token; undefined when there is none, or none that could be ours. */
export function bearerOf(authorization: string): string | undefined {
  return /^Bearer (lsh_[\w-]{43})$/i.exec(authorization)?.[1]
}

export const tokenPrefix = 'lsh_'

/** The value of the session's cookie. One that stands twice is none: who of the two set it cannot be told. */
export function cookieOf({ headers, secure }: Pick<Knock, 'headers' | 'secure'>): string | undefined {
  const wanted = secure ? name.secure : name.plain
  const found = (headers['cookie'] ?? '')
    .slice(0, 16_384)
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${wanted}=`))
    .map((pair) => pair.slice(wanted.length + 1))
  return found.length === 1 && secret.test(found[0]!) ? found[0] : undefined
}

/** The header that sets it, or takes it away when there is no value. */
export function setCookie(
  value: string | undefined,
  secure: boolean,
  seconds: number,
): Record<string, string> {
  const attributes = ['Path=/', 'HttpOnly', 'SameSite=Strict', ...(secure ? ['Secure'] : [])]
  const life = `Max-Age=${value === undefined ? 0 : Math.floor(seconds)}`
  return {
    'Set-Cookie': [`${secure ? name.secure : name.plain}=${value ?? ''}`, life, ...attributes].join('; '),
  }
}
