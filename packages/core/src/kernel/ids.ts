import { randomBytes } from 'node:crypto'

const digits = '0123456789abcdefghjkmnpqrstvwxyz'

/** 16 characters: 9 of the time in milliseconds, so that ids sort by it, and 7 random ones (35 bits). Crockford's base 32. */
export function newId(now: number): string {
  let time = ''
  for (let rest = now; time.length < 9; rest = Math.floor(rest / 32)) time = digits[rest % 32]! + time
  let random = ''
  for (const byte of randomBytes(7)) random += digits[byte % 32]!
  return time + random
}
