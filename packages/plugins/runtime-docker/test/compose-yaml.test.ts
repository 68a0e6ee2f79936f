import { expect, it } from 'vitest'
import { parseDocuments } from '../src/compose/yaml.js'

it('reads a map of many keys without comparing each with each', () => {
  const keys = Array.from({ length: 60_000 }, (_, index) => `k${index}: v`)
  expect(Object.keys(parseDocuments(keys.join('\n'))[0]!)).toHaveLength(60_000)
}, 15_000)

it.each(['a: 1\na: 2', 'a: { b: 1, "b": 2 }', 'a: [{ b: 1, b: 2 }]'])('refuses a key twice: %s', (text) => {
  expect(() => parseDocuments(text)).toThrow('comes twice')
})
