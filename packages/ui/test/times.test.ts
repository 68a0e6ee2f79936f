import { describe, expect, it } from 'vitest'
import { inWords, now, span } from '../src/facts/times.js'

describe('a span', () => {
  it.each([
    [-5, '0 s'],
    [14_999, '14 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [3_599_999, '59 min'],
    [5 * 3_600_000, '5 h'],
    [47 * 3_600_000, '47 h'],
    [48 * 3_600_000, '2 d'],
  ])('of %d ms is %s', (milliseconds, words) => {
    expect(span(milliseconds)).toBe(words)
  })
})

it('times in a sentence are as people write them, and nothing else of it changes', () => {
  now.value = Date.parse('2026-11-30T12:00:00Z')
  const said = 'ines holds it since 2026-11-30T03:12:41.207Z, "since 2026-11-29T23:06:59Z; 2026-11-30 <b>".'
  expect(inWords(said, 'en-GB')).toBe('ines holds it since 03:12, "since 29 Nov, 23:06; 2026-11-30 <b>".')
})
