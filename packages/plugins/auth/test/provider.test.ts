import { describe, expect, it } from 'vitest'
import { InputError, RefusedError, UnavailableError } from '@longshore/core'
import { sessionRoutes, userRoutes } from '../src/protocol/index.js'
import { knockOf, setUp, signIn, password, startAuth, type Auth } from './start.js'

const ines = { issuer: 'https://id.example', subject: '42', name: 'ines', role: 'operator' }

const enter = async (auth: Auth, identity: object = {}, ask = {}) => {
  const headers = await auth.access.welcome(async () => ({ ...ines, ...identity }), knockOf(ask))
  return { cookie: headers['Set-Cookie']!.split(';')[0]! }
}

describe('a sign-in by an identity provider', () => {
  it('opens a session with the role of the groups, and never takes the account of another', async () => {
    const auth = await startAuth()
    await setUp(auth, 'ines')
    const mine = await auth.ask(sessionRoutes.me, { headers: await enter(auth) })
    expect(mine.body).toMatchObject({ name: 'ines-2', role: 'operator' })
    const other = await auth.ask(sessionRoutes.me, {
      headers: await enter(auth, { issuer: 'https://x.example' }),
    })
    expect(other.body).toMatchObject({ name: 'ines-3' })
    const again = await auth.ask(sessionRoutes.me, { headers: await enter(auth, { name: 'renamed' }) })
    expect(again.body).toMatchObject({ name: 'ines-2' })
  })

  it('with another role ends the sessions that had the former one', async () => {
    const auth = await startAuth()
    const headers = await enter(auth, { role: 'admin' })
    expect((await auth.ask(sessionRoutes.me, { headers })).status).toBe(200)
    await enter(auth, { role: 'viewer' })
    expect((await auth.ask(sessionRoutes.me, { headers })).status).toBe(401)
  })

  it('of a disabled account is refused, and recorded', async () => {
    const auth = await startAuth()
    const headers = await setUp(auth, 'boss')
    await enter(auth)
    await auth.ask(userRoutes.changeUser, { headers, params: { user: 'ines' }, body: { disabled: true } })
    await expect(enter(auth)).rejects.toMatchObject({ code: 'AUTH_SIGN_IN' })
    const last = (await auth.decisions()).at(-1)!
    expect(last).toMatchObject({
      kind: 'access.refused',
      data: { what: 'sign in by provider', code: 'AUTH_SIGN_IN', from: '192.0.2.1' },
    })
  })

  it('that is refused is recorded with the reason, and never with words that are not ours', async () => {
    const auth = await startAuth()
    const refuse = (error: Error, from: string) =>
      expect(auth.access.welcome(async () => Promise.reject(error), knockOf({ from }))).rejects.toBe(error)
    await refuse(new RefusedError('NOT_THIS_ONE', 'the state is another'), '192.0.2.2')
    await refuse(new InputError('NOR_THAT', 'it is malformed'), '192.0.2.3')
    await refuse(new Error('eyJhbGciOi.secret'), '192.0.2.4')
    await refuse(new UnavailableError('AWAY', 'it is away'), '192.0.2.5')
    const refused = (await auth.decisions()).map(({ data }) => (data as { code: string }).code)
    expect(refused).toEqual(['NOT_THIS_ONE', 'NOR_THAT', 'INTERNAL'])
    expect(JSON.stringify(await auth.decisions())).not.toContain('eyJ')
  })

  it('is tried so often from one network, before anybody is asked, and locks nobody else out', async () => {
    const auth = await startAuth()
    await setUp(auth, 'boss')
    let asked = 0
    const fail = async () => {
      asked++
      throw new RefusedError('NOT_THIS_ONE', 'no')
    }
    const from = (index: number) => `2001:db8::${index}`
    const codes = []
    for (let index = 1; index <= 15; index++)
      codes.push(
        await auth.access
          .welcome(fail, knockOf({ from: from(index) }))
          .catch((error: { code: string }) => error.code),
      )
    expect(asked).toBe(10)
    expect(codes.slice(10)).toEqual(Array(5).fill('AUTH_TRIES'))
    expect(await enter(auth, {}, { from: '192.0.2.9' })).toHaveProperty('cookie')
    expect((await signIn(auth, { name: 'boss', password }, { from: from(1) })).status).toBe(201)
    auth.clock.go(16 * 60_000)
    expect(await enter(auth, {}, { from: from(1) })).toHaveProperty('cookie')
  })
})
