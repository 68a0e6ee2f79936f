import { coreEvents, type Event } from '@longshore/core/protocol'
import { describe, expect, it } from 'vitest'
import { sentenceOf, shapeOf } from '../src/events/sentence.js'
import { sayings as de } from '../src/text/events.de.js'
import { sayings as en } from '../src/text/events.en.js'

const event = (kind: string, more: object = {}) =>
  ({ seq: 1, kind, time: '2026-11-30T03:12:41Z', actor: { kind: 'system' }, data: {}, ...more }) as Event

describe('what an event says', () => {
  it('is known of every kind of the core, in every language', () => {
    for (const sayings of [en, de])
      expect(Object.keys(sayings).sort()).toEqual(Object.keys(coreEvents).sort())
  })

  it.each([
    [event('hold.placed', { why: 'leaks <b>' }), 'stopped and held, “leaks <b>”'],
    [
      event('deployment.settled', {
        commit: 'e4c19b7aaaa',
        data: { outcome: 'rolledBack', reason: 'ready: 500' },
      }),
      'settled e4c19b7: rolled back, ready: 500',
    ],
    [event('check.unhealthy', { data: { check: 'ready', reason: '500' } }), 'check ready is unhealthy: 500'],
    [
      event('access.refused', { data: { what: 'sign in', reason: 'wrong password' } }),
      'access refused · sign in · wrong password',
    ],
    [event('constructor.name'), 'constructor name'],
    [event('toString'), 'toString'],
  ])('is a sentence: %j', (given, said) => {
    expect(sentenceOf(given, en)).toBe(said)
  })

  it('has a shape beside it', () => {
    expect(shapeOf(event('deployment.settled', { data: { outcome: 'failed' } }))).toEqual({
      outcome: 'failed',
    })
    expect(shapeOf(event('quarantine.placed'))).toEqual({ state: 'quarantined' })
    const exited = (data: object) => shapeOf(event('instance.exited', { data }))
    expect([exited({ signal: 'SIGTERM' }), exited({ exitCode: 0 }), exited({ exitCode: 3 })]).toEqual([
      { state: 'unknown' },
      { state: 'unknown' },
      { state: 'failing' },
    ])
    expect(shapeOf(event('moon.rose'))).toEqual({ state: 'healthy' })
  })
})
