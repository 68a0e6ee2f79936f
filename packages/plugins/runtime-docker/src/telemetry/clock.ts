import type { Stamp } from './records.js'

/** `2026-01-02T03:04:05` */
const secondBytes = 19
const letterZ = 0x5a

/**
 * Reads times as an engine writes them, RFC 3339 in UTC with up to nine decimals; within one second only the fraction differs.
 */
export class Clock implements Stamp {
  time = 0
  nanos = 0
  #base = NaN
  #second = Buffer.alloc(secondBytes)

  /** Answers whether what lies there, with its `Z`, was one. */
  read(bytes: Buffer, from: number, end: number): boolean {
    if (!holds(bytes, from, this.#second)) {
      this.#second = Buffer.from(bytes.subarray(from, from + secondBytes))
      this.#base = Date.parse(`${this.#second.toString('latin1')}Z`)
    }
    // A fraction of zero is not written, nor are zeroes at its end.
    const first = from + secondBytes + 1
    let nanos = 0
    let unit = 1e9
    for (let at = first; at < end - 1; at++) {
      const digit = bytes[at]! - 0x30
      if (digit < 0 || digit > 9 || unit < 10) return false
      unit /= 10
      nanos += digit * unit
    }
    if (Number.isNaN(this.#base) || bytes[end - 1] !== letterZ) return false
    this.nanos = nanos
    this.time = this.#base + Math.floor(nanos / 1e6)
    return true
  }
}

/** Whether a word lies there. */
export function holds(bytes: Buffer, at: number, word: Buffer): boolean {
  for (let index = 0; index < word.length; index++) if (bytes[at + index] !== word[index]) return false
  return true
}
