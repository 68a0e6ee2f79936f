import { checkConfig, configSchema } from '@longshore/core/protocol'
import { FakeRun } from '@longshore/core/testkit'
import { describe, expect, it } from 'vitest'
import windows from '../src/index.js'

/** Each fault as its place and what is said of it; or the windows as they were understood. */
function judge(policy: unknown): string[] | unknown {
  const source = { url: 'https://git.example/team/api.git' }
  const value = {
    version: 1,
    services: { api: { source, run: { kind: 'fake' }, policy: { windows: policy } } },
  }
  const schema = configSchema([windows, { name: 'fake', runs: { fake: FakeRun } }])
  const { config, faults } = checkConfig({ file: 'test', value }, schema)
  if (!faults) return config.services['api']?.policy['windows']
  return faults.map(({ path, message }) => `${path.replace('services.api.policy.', '')}: ${message}`)
}

describe('policy.windows', () => {
  it('is read with UTC as its zone, and empty when nobody writes it', () => {
    expect(judge([{ allow: '0 9 * * 1-5', for: '8h' }])).toEqual([
      { allow: '0 9 * * 1-5', for: 28_800_000, zone: 'UTC' },
    ])
    expect(judge([{ deny: '0 0 24 DEC *', for: '3d', zone: 'Europe/Berlin' }])).toHaveLength(1)
    expect(judge(undefined)).toEqual([])
  })

  it.each([
    [
      { allow: '61 9 * * *', for: '1h' },
      /^windows\.0\.allow: "61 9 \* \* \*" is no cron pattern: .*minute: 61/,
    ],
    [{ allow: '0 0 9 * * *', for: '1h' }, /^windows\.0\.allow: .*five fields/],
    [{ allow: '@daily', for: '1h' }, /^windows\.0\.allow: .*five fields/],
    [{ allow: '2026-01-01T00:00:00', for: '1h' }, /^windows\.0\.allow: .*five fields/],
    [{ deny: '0 9 ? * MON', for: '1h' }, /^windows\.0\.deny: .*write \* for \?/],
    [{ deny: '0 9 * * MOO', for: '1h' }, /^windows\.0\.deny: /],
    [{ allow: '0 9 * * *', for: '1h', zone: 'Europe/Atlantis' }, /^windows\.0\.zone: .*Europe\/Berlin/],
    [{ allow: '0 9 * * *', for: '1h', zone: '+02:00' }, /^windows\.0\.zone: /],
    [{ allow: '0 9 * * *', for: '1m' }, /^windows\.0\.for: a window lasts at least 5m/],
    [{ allow: '0 9 * * *', for: '8 hours' }, /^windows\.0\.for: "8 hours" is no duration/],
    [{ allow: '0 9 * * *', for: '25h' }, /^windows\.0\.for: .* begins again after 1d: for is at most that/],
    [{ allow: '0 9,17 * * *', for: '10h' }, /^windows\.0\.for: .*after 8h/],
    [{ allow: '0 9 * * *' }, /^windows\.0\.for: this is missing/],
    [{ for: '1h' }, /^windows\.0: either allow or deny/],
    [{ allow: '0 9 * * *', deny: '0 9 * * *', for: '1h' }, /^windows\.0: either allow or deny/],
    [
      { allow: '0 9 * * *', for: '1h', zoen: 'UTC' },
      /^windows\.0\.zoen: unknown key "zoen"; did you mean zone/,
    ],
    [{ allow: '0 9 30 2 *', for: '1h' }, /^windows: .*nothing is deployed in the next five years/],
    [{ deny: '0 * * * *', for: '1h' }, /^windows: .*nothing is deployed in the next five years/],
  ])('tells what is wrong with %o, and where', (window, say) => {
    expect(judge([window])).toEqual([expect.stringMatching(say)])
  })

  it('tells of windows that only together leave nothing', () => {
    const windows = [
      { allow: '0 9 * * 1-5', for: '8h' },
      { deny: '0 0 * * *', for: '24h' },
    ]
    expect(judge(windows)).toEqual([expect.stringMatching(/^windows: /)])
  })
})
