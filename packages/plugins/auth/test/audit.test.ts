import { describe, expect, it } from 'vitest'
import { sessionRoutes, userRoutes } from '../src/protocol/index.js'
import { setUp, startAuth, token } from './start.js'

describe('the audit log', () => {
  it('has who was let in to change what, from where, by which rule', async () => {
    const auth = await startAuth()
    const headers = await setUp(auth)
    await auth.ask(userRoutes.addUser, { headers, body: { name: 'bob', role: 'viewer' } })
    const { headers: bearer } = await token(auth, { role: 'viewer' }, { headers })
    await auth.ask(sessionRoutes.me, { headers: bearer })
    const told = (await auth.decisions()).map(({ actor, data }) => ({
      actor: actor.name,
      ...(data as object),
    }))
    expect(told).toEqual([
      expect.objectContaining({ actor: 'ines', what: 'set up', from: '192.0.2.1', rule: 'role admin' }),
      expect.objectContaining({
        actor: 'ines',
        what: 'POST /users',
        right: 'users:write',
        rule: 'role admin',
      }),
      expect.objectContaining({ actor: 'ines', what: 'add account', about: 'bob, role viewer' }),
      expect.objectContaining({ actor: 'ines', what: 'POST /tokens', right: 'account:write' }),
      expect.objectContaining({ actor: 'ines', what: 'create token', about: 'ci: role viewer' }),
      expect.objectContaining({ actor: 'ci', what: 'use token' }),
    ])
  })

  it('has every refusal once, however often it is tried, and then how often', async () => {
    const auth = await startAuth()
    const { headers } = await token(auth, { role: 'viewer' })
    for (let count = 0; count < 50; count++) await auth.ask(userRoutes.users, { headers })
    const refused = async () => (await auth.decisions()).filter(({ kind }) => kind === 'access.refused')
    expect(await refused()).toMatchObject([
      {
        actor: { kind: 'token', name: 'ci' },
        data: {
          what: 'GET /users',
          right: 'users:read',
          code: 'AUTH_FORBIDDEN',
          rule: 'token ci: role viewer',
        },
      },
    ])
    auth.clock.go(75_000)
    await expect.poll(refused).toMatchObject([{}, { data: { times: 49 } }])
  })

  it('grows by a bounded number of events, whoever knocks from wherever', async () => {
    const auth = await startAuth()
    for (let count = 0; count < 3_000; count++)
      await auth.ask(userRoutes.users, { from: `10.0.${count >> 8}.${count & 255}` })
    expect((await auth.journal.read({ limit: 1 })).events[0]!.seq).toBeLessThan(400)
  })

  it('keeps out whom it cannot write down', async () => {
    const auth = await startAuth()
    const headers = await setUp(auth)
    auth.storage.commit = () => Promise.reject(new Error('the disk is full'))
    const { status } = await auth.ask(userRoutes.addUser, { headers, body: { name: 'bob', role: 'viewer' } })
    expect(status).toBe(0)
    expect((await auth.ask(userRoutes.users, { headers })).body.items).toHaveLength(1)
  })
})
