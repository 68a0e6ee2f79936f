/** Bytes of a gram: what is shorter cannot be looked up. */
export const gram = 4

/** Bytes of a filter for so much text: a power of two, about a bit for each eight bytes. */
export function filterBytes(text: number): number {
  return 2 ** Math.max(3, Math.ceil(Math.log2(Math.max(1, text) / 64)))
}

/** Every gram of the text, as a bit each: what is not in it is not in the text. */
export function makeFilter(text: Uint8Array): Uint8Array {
  const bits = new Uint8Array(filterBytes(text.length))
  const shift = 32 - Math.log2(bits.length * 8)
  let word = 0
  for (let at = 0; at < text.length; at++) {
    word = (word << 8) | text[at]!
    const bit = Math.imul(word, 0x9e3779b1) >>> shift
    bits[bit >>> 3]! |= 1 << (bit & 7)
  }
  return bits
}

/** Whether the text of the filter may hold these bytes; false is certain. */
export function mayHold(bits: Uint8Array, wanted: Uint8Array): boolean {
  if (bits.length === 0) return true
  const shift = 32 - Math.log2(bits.length * 8)
  let word = 0
  for (let at = 0; at < wanted.length; at++) {
    word = (word << 8) | wanted[at]!
    if (at < gram - 1) continue
    const bit = Math.imul(word, 0x9e3779b1) >>> shift
    if ((bits[bit >>> 3]! & (1 << (bit & 7))) === 0) return false
  }
  return true
}
