import { Packr } from 'msgpackr'

/** Plain MessagePack: each value can be read by itself, in any file. */
const packr = new Packr({ useRecords: false })

export function pack(value: unknown): Buffer {
  return packr.pack(value)
}

/*
 * A page of events is thousands of strings, and making each by a native call is most of its cost. So the bytes of a
 * value become one string, and each ASCII string in it a slice of that. What this reader does not know, or finds to be
 * wrong, it leaves to msgpackr: that decides what a value means and what is refused.
 */
let source: Buffer = Buffer.alloc(0)
let view: DataView = new DataView(source.buffer)
let text = ''
let start = 0
let at = 0

/** The value that the bytes from `from` to `to` hold; throws when they hold none, or more. */
export function unpack(bytes: Buffer, from: number, to: number): unknown {
  if (bytes !== source) {
    source = bytes
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }
  text = bytes.toString('latin1', from, to)
  at = start = from
  try {
    const value = read()
    if (at === to) return value
  } catch {
    // msgpackr says what is wrong, if anything is.
  }
  return packr.unpack(bytes, { start: from, end: to })
}

/** Numbers are those that `pack` writes: an integer beyond 32 bits is a float64. */
function read(): unknown {
  const tag = source[at++]!
  if (tag < 0x80) return tag
  if (tag < 0x90) return map(tag & 0x0f)
  if (tag < 0xa0) return array(tag & 0x0f)
  if (tag < 0xc0) return string(1, tag & 0x1f)
  if (tag >= 0xe0) return tag - 0x100
  switch (tag) {
    case 0xc0:
      return null
    case 0xc2:
      return false
    case 0xc3:
      return true
    case 0xcb:
      return skip(8, view.getFloat64(at))
    case 0xcc:
      return skip(1, view.getUint8(at))
    case 0xcd:
      return skip(2, view.getUint16(at))
    case 0xce:
      return skip(4, view.getUint32(at))
    case 0xd0:
      return skip(1, view.getInt8(at))
    case 0xd1:
      return skip(2, view.getInt16(at))
    case 0xd2:
      return skip(4, view.getInt32(at))
    case 0xd9:
      return string(2, skip(1, view.getUint8(at)))
    case 0xda:
      return string(3, skip(2, view.getUint16(at)))
    case 0xdc:
      return array(skip(2, view.getUint16(at)))
    case 0xde:
      return map(skip(2, view.getUint16(at)))
    default:
      throw foreign
  }
}

/** Thrown as it is: making an error for each would cost more than the value. */
const foreign = new Error('a value for msgpackr')

/** Goes on behind so many bytes, with what was read from them. */
function skip(size: number, value: number): number {
  at += size
  return value
}

function array(length: number): unknown[] {
  const values: unknown[] = []
  for (let left = length; left > 0; left--) values.push(read())
  return values
}

function map(size: number): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  for (let left = size; left > 0; left--) {
    const name = key()
    object[name] = read()
  }
  return object
}

function key(): string {
  const length = source[at++]! - 0xa0
  if (!(length >= 0 && length < 0x20)) throw foreign
  const name = ascii(skip(length, at), length)
  if (name === undefined || name === '__proto__') throw foreign
  return name
}

function string(head: number, length: number): string {
  const from = skip(length, at)
  return ascii(from, length) ?? (packr.unpack(source, { start: from - head, end: at }) as string)
}

/** V8 copies a slice that is shorter. */
const shortestSlice = 13

/** The string in these bytes; undefined when it is not ASCII. */
function ascii(from: number, length: number): string | undefined {
  if (length < shortestSlice) return length < 4 ? tiny(from, length) : short(from, length)
  let bits = view.getInt32(from + length - 4)
  for (let index = from; index < from + length - 4; index += 4) bits |= view.getInt32(index)
  return (bits & notAscii) === 0 ? slice(from, length) : undefined
}

const notAscii = 0x80808080

function slice(from: number, length: number): string {
  return text.substring(from - start, from - start + length)
}

function tiny(from: number, length: number): string | undefined {
  for (let index = from; index < from + length; index++) if (source[index]! >= 0x80) return undefined
  return slice(from, length)
}

/*
 * Short strings come again and again: names of fields, of hosts, of phases. One is made for many: the newest of each
 * hash is kept, beside its length and the four words of its bytes, of which some overlap.
 */
const kept = new Array<string>(1024).fill('')
const keptWords = new Int32Array(1024 * 4)

/** For 4 to 12 bytes. */
function short(from: number, length: number): string | undefined {
  const first = view.getInt32(from)
  const middle = view.getInt32(from + ((length - 4) >> 1))
  const last = view.getInt32(from + length - 4)
  if (((first | middle | last) & notAscii) !== 0) return undefined
  const mixed = Math.imul(Math.imul(Math.imul(first, 31) + middle, 31) + last + length, 0x9e3779b1)
  const slot = mixed >>> 22
  const words = slot << 2
  if (
    keptWords[words] === first &&
    keptWords[words + 1] === middle &&
    keptWords[words + 2] === last &&
    keptWords[words + 3] === length
  )
    return kept[slot]!
  keptWords[words] = first
  keptWords[words + 1] = middle
  keptWords[words + 2] = last
  keptWords[words + 3] = length
  return (kept[slot] = slice(from, length))
}
