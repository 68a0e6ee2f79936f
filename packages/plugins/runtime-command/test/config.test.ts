import { describe, expect, it } from 'vitest'
import { CommandRun } from '../src/config.js'

describe('the run section of kind command', () => {
  it('needs no more than up', () => {
    expect(CommandRun.parse({ up: ['npm', 'start'] })).toEqual({
      up: ['npm', 'start'],
      keepAlive: false,
      env: {},
      grace: 10_000,
    })
    expect(CommandRun.parse({ up: 'bin/up', down: 'bin/down', grace: '1m' })).toMatchObject({ grace: 60_000 })
  })

  it.each([
    ['no words', { up: [] }],
    ['an empty path', { up: '' }],
    ['an empty first word', { up: ['', 'x'] }],
    ['a NUL', { up: ['a\0b'] }],
    ['no up', { down: ['x'] }],
    ['an unknown key', { up: ['x'], upp: ['y'] }],
    ['a variable of ours', { up: ['x'], env: { LONGSHORE_COMMIT: 'x' } }],
    ['a name that is none', { up: ['x'], env: { 'A B': 'x' } }],
    ['a NUL in a value', { up: ['x'], env: { A: '\0' } }],
    ['a secret that is none', { up: ['x'], env: { A: { secret: 'nowhere' } } }],
    ['an endless grace', { up: ['x'], grace: '1d' }],
  ])('refuses %s', (_, run) => {
    expect(CommandRun.safeParse(run).success).toBe(false)
  })
})
