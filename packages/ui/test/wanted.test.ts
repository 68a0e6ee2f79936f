import { expect, it } from 'vitest'
import { wantedPath } from '../src/session/wanted.js'

it.each([
  ['/services?filter=a', '/services?filter=a'],
  ['/', '/'],
  ['//elsewhere.example', '/'],
  ['/\\elsewhere.example', '/'],
  ['https://elsewhere.example', '/'],
  ['javascript:alert(1)', '/'],
  ['services', '/'],
  ['', '/'],
  [undefined, '/'],
  [['/a', '/b'], '/'],
])('who wanted %j is led to %s', (to, path) => {
  expect(wantedPath(to)).toBe(path)
})
