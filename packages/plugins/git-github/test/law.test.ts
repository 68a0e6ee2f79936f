import { Secret } from '@longshore/core'
import { forgeLaws } from '@longshore/core/testkit'
import { describe, it } from 'vitest'
import { GithubForge } from '../src/forge.js'
import { others, push, secret, sign } from './deliveries.js'

describe('the law of Forge', () => {
  const make = async () => ({
    forge: new GithubForge(),
    secrets: { secret: new Secret(secret) },
    now: Date.now(),
    proofs: ['x-hub-signature-256'],
    sign,
    push,
    others,
    statuses: { api: '/api/v3', says: /"state":"success"/ },
    close: async () => undefined,
  })
  for (const law of forgeLaws(make)) it(law.name, law.run)
})
