import { Secret } from '@longshore/core'
import { forgeLaws } from '@longshore/core/testkit'
import { describe, it } from 'vitest'
import { GitlabForge } from '../src/forge.js'
import { now, Sender, signing, token } from './deliveries.js'

const secrets = { token: { secret: new Secret(token) }, signing: { signing: new Secret(signing) } }
const proofs = { token: ['x-gitlab-token'], signing: ['webhook-signature', 'webhook-id'] }

describe.each([[['token']], [['signing']], [['token', 'signing']]] as ('token' | 'signing')[][][])(
  'the law of Forge, with %j',
  (given) => {
    const sender = new Sender(...given!)
    const { sign, push, others } = sender
    const make = async () => ({
      forge: new GitlabForge(),
      secrets: Object.assign({}, ...given!.map((each) => secrets[each])) as Record<string, Secret>,
      now,
      bare: !given!.includes('signing'),
      timed: given!.includes('signing'),
      proofs: given!.flatMap((each) => proofs[each]),
      sign,
      push,
      others,
      statuses: { api: '/api/v4', says: /"state":"success"/ },
      close: async () => undefined,
    })
    for (const law of forgeLaws(make)) it(law.name, law.run)
  },
)
