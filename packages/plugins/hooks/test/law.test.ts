import { Secret } from '@longshore/core'
import { forgeLaws } from '@longshore/core/testkit'
import { describe, it } from 'vitest'
import { GenericForge } from '../src/forge.js'
import { secret, signed } from './signed.js'

const now = Date.parse('2026-01-01T12:00:00.400Z')

describe('the law of Forge', () => {
  const make = async () => ({
    forge: new GenericForge(),
    secrets: { secret: new Secret(secret) },
    now,
    timed: true,
    proofs: ['webhook-signature', 'webhook-id'],
    sign: (body: string | Uint8Array) => signed(body, now),
    push: (repository: string, branch: string) =>
      signed(JSON.stringify({ repository, ref: `refs/heads/${branch}` }), now),
    others: {},
    close: async () => undefined,
  })
  for (const law of forgeLaws(make)) it(law.name, law.run)
})
