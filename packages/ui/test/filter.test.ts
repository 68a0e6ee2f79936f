import type { PlacementView } from '@longshore/core/protocol'
import { describe, expect, it } from 'vitest'
import { filterViews } from '../src/services/filter.js'

const view = (service: string, more: object) =>
  ({
    service,
    host: 'quay-1',
    run: { kind: 'compose' },
    state: 'healthy',
    ...more,
  }) as unknown as PlacementView
const views = [
  view('api', { state: 'failing', why: 'its check ready is unhealthy' }),
  view('search', { host: 'quay-2', run: { kind: 'command' }, last: { outcome: 'rolledBack' } }),
  view('shop', { state: 'held', newest: { sha: 'e4c19b7'.padEnd(40, '0'), message: 'cart: Totals' } }),
]
const names = (text: string) => filterViews(views, text).map(({ service }) => service)

describe('a filter', () => {
  it.each([
    ['', ['api', 'search', 'shop']],
    ['  ', ['api', 'search', 'shop']],
    ['s', ['api', 'search', 'shop']],
    ['sh', ['shop']],
    ['SHOP', ['shop']],
    ['ready', ['api']],
    ['e4c19', ['shop']],
    ['totals', ['shop']],
    ['state:failing', ['api']],
    ['state:failing,held', ['api', 'shop']],
    ['-state:failing', ['search', 'shop']],
    ['host:quay-1 -kind:command state:held', ['shop']],
    ['kind:command', ['search']],
    ['outcome:rolledback', ['search']],
    ['-sh', ['api', 'search']],
    ['nothing', []],
    // Somebody is typing still.
    ['state:', ['api', 'search', 'shop']],
    ['-state:', ['api', 'search', 'shop']],
    ['-', []],
    ['constructor:x', []],
    ['unknown:word', []],
  ])('%j leaves %j', (text, left) => {
    expect(names(text)).toEqual(left)
  })
})
