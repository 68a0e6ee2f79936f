import { Packr } from 'msgpackr'
import { describe, expect, it } from 'vitest'
import { pack, unpack } from '../src/message-pack.js'

const packr = new Packr({ useRecords: false })

const values: Record<string, unknown> = {
  nothing: null,
  'true and false': [true, false],
  'small numbers': [0, 1, 127, 128, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1],
  'negative numbers': [-1, -32, -33, -128, -129, -32_768, -32_769, -(2 ** 31)],
  'numbers beyond 32 bits': [2 ** 32, -(2 ** 40), Number.MAX_SAFE_INTEGER, 1.5, -0.1, Infinity, NaN],
  'strings of every length': Array.from({ length: 70 }, (_, length) =>
    'abcdefghij'.repeat(7).slice(0, length),
  ),
  'a long string': ['x'.repeat(255), 'y'.repeat(256), 'z'.repeat(70_000)],
  'text beyond ASCII': [
    'é',
    'größe',
    'Müller and others, who write more',
    '日本語',
    '🚢',
    'x'.repeat(40) + 'ß',
  ],
  'half of a surrogate pair': ['\ud83d', 'a word before it \ud83d'],
  'names of fields': {
    '': 1,
    a: 1,
    phase: 1,
    exitCode: 1,
    'a longer name of a field': 1,
    größe: 1,
    ['n'.repeat(40)]: 1,
  },
  'a field that V8 treats specially': JSON.parse('{"__proto__":{"a":1},"constructor":2}'),
  'many fields': Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`field-${n}`, n])),
  'many values': Array.from({ length: 70_000 }, (_, n) => n),
  'what lies deep': { a: [{ b: { c: [[], {}, [null]] } }] },
  'undefined within': { a: undefined, b: [undefined, 1] },
  'what is not JSON': [new Date(0), new Uint8Array([1, 2, 3]), 2n ** 60n],
}

describe('unpack', () => {
  it.each(Object.entries(values))('reads as msgpackr does: %s', (_, value) => {
    const bytes = pack(value)
    expect(unpack(bytes, 0, bytes.length)).toEqual(packr.unpack(bytes))
  })

  it('reads from the middle of a buffer, whatever lies around it', () => {
    const all = Object.values(values).map((value) => Buffer.from(pack(value)))
    const buffer = Buffer.concat(all)
    let from = 0
    for (const bytes of all) {
      expect(unpack(buffer, from, from + bytes.length)).toEqual(packr.unpack(bytes))
      from += bytes.length
    }
  })

  it('tells strings apart that share a hash', () => {
    const words = Array.from({ length: 20_000 }, (_, n) => n.toString(36).padStart(4 + (n % 9), 'abc'))
    const bytes = pack(words)
    for (let again = 0; again < 2; again++) expect(unpack(bytes, 0, bytes.length)).toEqual(words)
  })

  it('keeps what it read when its buffer is used again', () => {
    const bytes = Buffer.from(pack({ id: 'an id of some length', at: 'short' }))
    const value = unpack(bytes, 0, bytes.length)
    bytes.fill(0xff)
    expect(value).toEqual({ id: 'an id of some length', at: 'short' })
  })

  it('refuses what is cut off, or followed by more', () => {
    const bytes = Buffer.from(pack({ id: 'an id of some length', n: [1, 300, 1.5], größe: 'größe' }))
    for (let length = 1; length < bytes.length; length++) {
      expect(() => unpack(bytes, 0, length), `${length} bytes`).toThrow()
      expect(() => unpack(Buffer.from(bytes.subarray(0, length)), 0, length), `${length} bytes`).toThrow()
    }
    expect(() => unpack(Buffer.concat([bytes, bytes]), 0, bytes.length + 1)).toThrow()
  })
})
