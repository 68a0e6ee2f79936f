import { randomBytes } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'

const options = { issuer: 'Longshore', algorithm: 'SHA1', digits: 6, period: 30 } as const

/** A new secret for an authenticator (RFC 6238), and the address that most of them take as a QR code. */
export function newTotp(name: string): { secret: string; uri: string } {
  const totp = new TOTP({ ...options, label: name, secret: new Secret({ size: 20 }) })
  return { secret: totp.secret.base32, uri: totp.toString() }
}

/**
 * The time step of which the code is, when it is right: of now, or of one before or after. None that was used before, nor
 * an earlier one (RFC 6238, 5.2).
 */
export function stepOf(secret: string, code: string, now: number, last: number): number | undefined {
  if (!/^\d{6}$/.test(code)) return undefined
  const totp = new TOTP({ ...options, secret: Secret.fromBase32(secret) })
  const delta = totp.validate({ token: code, timestamp: now, window: 1 })
  if (delta === null) return undefined
  const step = Math.floor(now / 1_000 / options.period) + delta
  return step > last ? step : undefined
}

/** Ten codes for the day on which the authenticator is lost; 50 bits each, in groups that people can type. */
export function newRecovery(): string[] {
  const letters = 'abcdefghijkmnpqrstuvwxyz23456789'
  return Array.from({ length: 10 }, () =>
    [...randomBytes(10)].map((byte, at) => (at === 5 ? '-' : '') + letters[byte % 32]).join(''),
  )
}

/** As it was given out: in any case, with or without its break. */
export function plainRecovery(code: string): string {
  return code.toLowerCase().replace(/[\s-]/g, '')
}
