import { gateLaws } from '@longshore/core/testkit'
import { describe, it } from 'vitest'
import { tokenRoutes } from '../src/protocol/index.js'
import { startAuth } from './start.js'

describe('the gate', () => {
  const make = async () => {
    const { access, ask, decisions } = await startAuth()
    const ids = new Map<string, string>()
    return {
      gate: access,
      let: async (service?: string) => {
        const rights = ['services:read', 'services:stop', 'events:read'].map((right) =>
          service ? `${right}:${service}` : right,
        )
        const { body } = await ask(tokenRoutes.addToken, { local: true, body: { name: 'law', rights } })
        const headers = { authorization: `Bearer ${body.token}` }
        ids.set(headers.authorization, body.id)
        return headers
      },
      forget: async ({ authorization = '' }: Readonly<Record<string, string | undefined>>) => {
        await ask(tokenRoutes.revokeToken, { local: true, params: { id: ids.get(authorization)! } })
      },
      refusals: async () => (await decisions()).filter(({ kind }) => kind === 'access.refused').length,
      close: async () => undefined,
    }
  }
  for (const law of gateLaws(make)) it(law.name, law.run)
})
