import { describe, expect, it } from 'vitest'
import { openAt, type Window } from '../src/windows.js'
import { minutesOf, openMinutes } from './minutes.js'

const hours = (count: number) => count * 3_600_000
const allow = (pattern: string, count: number, zone: string): Window => {
  return { allow: pattern, for: hours(count), zone }
}
const deny = (pattern: string, count: number, zone: string): Window => {
  return { deny: pattern, for: hours(count), zone }
}

/** How the windows stand at a time: open, or when they open. */
function at(windows: Window[], time: string): string {
  const opening = openAt(windows, Date.parse(time))
  return opening.open ? 'open' : opening.opens ? new Date(opening.opens.at).toISOString() : 'never'
}

describe('windows on an ordinary day', () => {
  const office = [allow('0 9 * * 1-5', 8, 'Europe/Berlin')]

  it('are open from their first millisecond to their last', () => {
    expect(at(office, '2026-01-13T07:59:59.999Z')).toBe('2026-01-13T08:00:00.000Z')
    expect(at(office, '2026-01-13T08:00:00.000Z')).toBe('open')
    expect(at(office, '2026-01-13T15:59:59.999Z')).toBe('open')
    expect(at(office, '2026-01-13T16:00:00.000Z')).toBe('2026-01-14T08:00:00.000Z')
    expect(at(office, '2026-01-16T16:00:00.000Z')).toBe('2026-01-19T08:00:00.000Z')
  })

  it('bar nothing when there are none, or only those that deny something else', () => {
    expect(at([], '2026-01-13T03:00:00Z')).toBe('open')
    expect(at([deny('0 0 24 12 *', 72, 'UTC')], '2026-01-13T03:00:00Z')).toBe('open')
    expect(at([deny('0 0 24 12 *', 72, 'UTC')], '2026-12-25T03:00:00Z')).toBe('2026-12-27T00:00:00.000Z')
  })

  it('deny beats allow, and what opens next is what both leave', () => {
    const windows = [...office, deny('0 12 * * *', 1, 'Europe/Berlin')]
    expect(at(windows, '2026-01-13T10:59:00Z')).toBe('open')
    expect(at(windows, '2026-01-13T11:30:00Z')).toBe('2026-01-13T12:00:00.000Z')
    const friday = [...office, deny('0 12 * * 5', 72, 'Europe/Berlin')]
    expect(at(friday, '2026-01-16T11:30:00Z')).toBe('2026-01-19T11:00:00.000Z')
  })

  it('of several zones count each on its own clock', () => {
    const both = [allow('0 9 * * *', 1, 'Asia/Tokyo'), allow('0 9 * * *', 1, 'America/New_York')]
    expect(at(both, '2026-01-13T00:30:00Z')).toBe('open')
    expect(at(both, '2026-01-13T01:00:00Z')).toBe('2026-01-13T14:00:00.000Z')
    expect(openAt(both, Date.parse('2026-01-13T01:00:00Z'))).toMatchObject({
      opens: { zone: 'America/New_York' },
    })
  })

  it('say so when they never open', () => {
    expect(at([allow('0 9 30 2 *', 1, 'UTC')], '2026-01-13T00:00:00Z')).toBe('never')
    expect(at([deny('0 0 * * *', 24, 'UTC')], '2026-01-13T00:00:00Z')).toBe('never')
    expect(at([deny('*/5 * * * *', 1 / 12, 'UTC')], '2026-01-13T00:00:00Z')).toBe('never')
    expect(at([allow('0 9 29 2 *', 1, 'UTC')], '2026-01-13T00:00:00Z')).toBe('2028-02-29T09:00:00.000Z')
  })
})

describe('windows when the clock is changed', () => {
  it('open at the first moment after the hour that is left out', () => {
    expect(at([allow('30 2 * * *', 1, 'Europe/Berlin')], '2026-03-29T00:00:00Z')).toBe(
      '2026-03-29T01:00:00.000Z',
    )
    expect(at([allow('30 2 * * *', 1, 'Europe/Berlin')], '2026-03-29T02:00:00Z')).toBe(
      '2026-03-30T00:30:00.000Z',
    )
    expect(at([allow('0 2 * * *', 1, 'America/New_York')], '2026-03-08T06:00:00Z')).toBe(
      '2026-03-08T07:00:00.000Z',
    )
    // Half an hour: from 02:00 to 02:30.
    expect(at([allow('15 2 * * *', 1, 'Australia/Lord_Howe')], '2026-10-03T15:00:00Z')).toBe(
      '2026-10-03T15:30:00.000Z',
    )
  })

  it('open once in the hour that comes twice', () => {
    const berlin = [allow('30 2 * * *', 0.5, 'Europe/Berlin')]
    expect(at(berlin, '2026-10-25T00:29:00Z')).toBe('2026-10-25T00:30:00.000Z')
    expect(at(berlin, '2026-10-25T01:30:00Z')).toBe('2026-10-26T01:30:00.000Z')
    const lordHowe = [allow('45 1 * * *', 0.25, 'Australia/Lord_Howe')]
    expect(at(lordHowe, '2026-04-04T14:45:00Z')).toBe('open')
    expect(at(lordHowe, '2026-04-04T15:15:00Z')).toBe('2026-04-05T15:15:00.000Z')
  })

  it('last as long as they say, whatever the clock shows meanwhile', () => {
    // From 23:00 in summer time: 8 hours later it is 06:00, not 07:00.
    const night = [allow('0 23 * * *', 8, 'America/New_York')]
    expect(at(night, '2026-11-01T10:59:00Z')).toBe('open')
    expect(at(night, '2026-11-01T11:00:00Z')).toBe('2026-11-02T04:00:00.000Z')
  })

  it('bar every hour, also the one that comes twice, when they are written for every hour', () => {
    const always = [deny('0 * * * *', 1, 'Europe/Berlin')]
    expect(at(always, '2026-10-25T01:30:00Z')).toBe('never')
  })

  it('have none on a day that the zone leaves out', () => {
    expect(at([allow('0 12 30 12 *', 1, 'Pacific/Apia')], '2011-12-29T00:00:00Z')).toBe(
      '2012-12-29T22:00:00.000Z',
    )
    expect(at([allow('0 12 * * *', 1, 'Pacific/Apia')], '2011-12-30T09:00:00Z')).toBe(
      '2011-12-30T22:00:00.000Z',
    )
  })
})

describe('windows against a look at every minute', () => {
  const spans = [
    ['Europe/Berlin', '2026-03-28T12:00Z'],
    ['Europe/Berlin', '2026-10-24T12:00Z'],
    ['America/New_York', '2026-03-07T18:00Z'],
    ['America/New_York', '2026-10-31T18:00Z'],
    ['Australia/Lord_Howe', '2026-10-03T06:00Z'],
    ['Australia/Lord_Howe', '2026-04-04T06:00Z'],
    ['Africa/Cairo', '2026-04-23T10:00Z'],
    ['Pacific/Apia', '2011-12-29T10:00Z'],
    ['Pacific/Kwajalein', '1993-08-20T10:00Z'],
    ['Asia/Kathmandu', '2026-01-01T00:00Z'],
  ] as const

  it.each(spans)('in %s around %s', (zone, from) => {
    const minutes = minutesOf(zone, from, 2)
    const next = random(spans.findIndex((each) => each[1] === from) + 1)
    const pick = <T>(list: readonly T[]) => list[Math.floor(next() * list.length)]!
    for (let round = 0; round < 40; round++) {
      const windows = Array.from({ length: pick([1, 1, 2, 3]) }, () => someWindow(zone, pick))
      const open = openMinutes(minutes, windows)
      for (let look = 0; look < 40; look++) {
        const index = 3 * 1440 + Math.floor(next() * 2 * 1440)
        const time = minutes.from + index * 60_000 + Math.floor(next() * 60_000)
        const later = open.indexOf(true, index)
        const wanted = open[index] ? 'open' : minutes.from + later * 60_000
        const found = openAt(windows, time)
        // Once a look ahead found nothing, all that follow take as long and find as little.
        if (!found.open && !found.opens) look = 40
        // What opens after the span that was looked at is not known here.
        if (later < 0) expect(found.open).toBe(false)
        else {
          const told = found.open ? 'open' : found.opens?.at
          expect(told, `${JSON.stringify(windows)} at ${new Date(time).toISOString()}`).toBe(wanted)
        }
      }
    }
  })
})

function someWindow(zone: string, pick: <T>(list: readonly T[]) => T): Window {
  const pattern = [
    pick(['0', '30', '15', '45', '0,30', '*/15', '59', '10-50/20']),
    pick(['2', '1', '3', '0', '23', '0,2', '1-3', '*', '*/2', '9-17']),
    pick(['*', '*', '*', '29', '1-28', '30']),
    '*',
    pick(['*', '*', '0', '1-5', '6']),
  ].join(' ')
  const kind = pick(['allow', 'allow', 'deny'] as const)
  return { [kind]: pattern, for: pick([5, 15, 60, 95, 480, 1440]) * 60_000, zone }
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
