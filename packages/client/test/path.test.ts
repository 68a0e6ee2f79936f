import { coreRoutes } from '@longshore/core/protocol'
import { expect, it } from 'vitest'
import { createClient } from '../src/index.js'

it.each(['', '.', '..'])(
  'a part of a path that would lead elsewhere is not asked for: %j',
  async (service) => {
    const asked: unknown[] = []
    const fetch = (...given: unknown[]) => {
      asked.push(given)
      return Promise.reject(new Error('asked'))
    }
    const client = createClient({ url: 'http://127.0.0.1:1', fetch })
    const call = client.call(coreRoutes.stop, { params: { service }, body: { why: 'x' } })
    await expect(call).rejects.toMatchObject({ code: 'CLIENT_PARAM' })
    expect(asked).toEqual([])
  },
)
