import { expect, it } from 'vitest'
import { filterOf, queryOf } from '../src/events/query.js'

it.each([
  ['', {}],
  ['disk full', { search: 'disk full' }],
  ['service:api', { service: 'api' }],
  ['service:api kind:hold.placed  leaks', { service: 'api', kind: 'hold.placed', search: 'leaks' }],
  ['actor:user:ines', { actor: 'user:ines' }],
  ['since:1h', { since: '1h' }],
  ['service:', {}],
  ['http://x', { search: 'http://x' }],
  ['constructor:x', { search: 'constructor:x' }],
])('%j asks for %j', (text, query) => {
  expect(queryOf(text)).toEqual(query)
})

it('what comes is always after what since names', () => {
  expect(filterOf(queryOf('since:1h service:api x'))).toEqual({ service: 'api', search: 'x' })
})
