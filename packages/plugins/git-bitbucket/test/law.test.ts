import { Secret } from '@longshore/core'
import { forgeLaws } from '@longshore/core/testkit'
import { describe, it } from 'vitest'
import { BitbucketForge } from '../src/forge.js'
import { others, push, secret, sign } from './deliveries.js'

describe('the law of Forge', () => {
  const make = async () => ({
    forge: new BitbucketForge(),
    secrets: { secret: new Secret(secret) },
    now: Date.now(),
    proofs: ['x-hub-signature'],
    sign,
    push,
    others,
    statuses: { api: '/2.0', says: /"state":"SUCCESSFUL"/ },
    close: async () => undefined,
  })
  for (const law of forgeLaws(make)) it(law.name, law.run)
})
