import { describe, expect, it } from 'vitest'
import { memoryDisk } from '@longshore/core/testkit'
import { sessionRoutes, tokenRoutes, userRoutes } from '../src/protocol/index.js'
import { password, setUp, signIn, startAuth } from './start.js'

describe('a session', () => {
  it('ends when nothing came for so long, and after so long in any case', async () => {
    const auth = await startAuth({
      config: { services: {}, auth: { session: { idle: '1h', absolute: '3h' } } },
    })
    const headers = await setUp(auth)
    const me = () => auth.ask(sessionRoutes.me, { headers })
    for (let count = 0; count < 5; count++) {
      auth.clock.go(30 * 60_000)
      expect((await me()).status, `after ${count}`).toBe(200)
    }
    auth.clock.go(31 * 60_000)
    expect((await me()).status).toBe(401)
    const { cookie } = await signIn(auth, { name: 'ines', password })
    auth.clock.go(61 * 60_000)
    expect((await auth.ask(sessionRoutes.me, { headers: { cookie: cookie! } })).status).toBe(401)
  })

  it('is ended by a sign-out, by its owner elsewhere, and by who manages accounts', async () => {
    const auth = await startAuth()
    const admin = await setUp(auth)
    await auth.ask(userRoutes.addUser, { headers: admin, body: { name: 'bob', role: 'viewer', password } })
    const open = async () => ({ cookie: (await signIn(auth, { name: 'bob', password })).cookie! })
    const [one, two, three, four] = [await open(), await open(), await open(), await open()]
    const counts = async (headers: Record<string, string>) =>
      (await auth.ask(sessionRoutes.me, { headers })).status
    expect((await auth.ask(sessionRoutes.signOut, { headers: one })).status).toBe(200)
    expect([await counts(one), await counts(two)]).toEqual([401, 200])
    const { body } = await auth.ask(sessionRoutes.sessions, { headers: two })
    expect(body.items).toHaveLength(3)
    expect(body.items.filter(({ current }: { current: boolean }) => current)).toHaveLength(1)
    const other = body.items.find(({ current }: { current: boolean }) => !current)
    expect(
      (await auth.ask(sessionRoutes.endSession, { headers: two, params: { id: other.id } })).status,
    ).toBe(200)
    expect((await auth.ask(sessionRoutes.endSessions, { headers: two })).body.ended).toBe(1)
    expect([await counts(three), await counts(four)]).toEqual([401, 401])
    const all = await auth.ask(sessionRoutes.sessions, { headers: admin, query: { all: '1' } })
    const bobs = all.body.items.find(({ user }: { user: string }) => user === 'bob')
    expect(
      (await auth.ask(sessionRoutes.endSession, { headers: two, params: { id: all.body.items[0].id } })).code,
    ).toBe('AUTH_UNKNOWN')
    expect(
      (await auth.ask(sessionRoutes.endSession, { headers: admin, params: { id: bobs.id } })).status,
    ).toBe(200)
    expect(await counts(two)).toBe(401)
  })

  it('is, where a token is shown, that token: it revokes itself and nothing else', async () => {
    const auth = await startAuth()
    const admin = await setUp(auth)
    const make = async (body: object) => {
      const { token } = (await auth.ask(tokenRoutes.addToken, { headers: admin, body })).body
      return { authorization: `Bearer ${token}` }
    }
    // Whoever it is called after.
    const own = await make({ name: 'ines', role: 'viewer' })
    const other = await make({ name: 'ines', role: 'admin' })
    const counts = async (headers: Record<string, string>) =>
      (await auth.ask(sessionRoutes.me, { headers })).status
    const { items } = (await auth.ask(tokenRoutes.tokens, { headers: admin })).body
    for (const { id } of items)
      expect((await auth.ask(tokenRoutes.revokeToken, { headers: other, params: { id } })).status).toBe(403)
    expect((await auth.ask(sessionRoutes.signOut, { headers: own })).status).toBe(200)
    expect([await counts(own), await counts(other), await counts(admin)]).toEqual([401, 200, 200])
    expect((await auth.ask(sessionRoutes.signOut, { headers: own })).status).toBe(401)
  })

  it('gets another secret when its password changes, and the others end', async () => {
    const auth = await startAuth()
    const headers = await setUp(auth)
    const other = { cookie: (await signIn(auth, { name: 'ines', password })).cookie! }
    const next = 'another battery staple'
    expect(
      (await auth.ask(sessionRoutes.password, { headers, body: { password: 'wrong', next } })).code,
    ).toBe('AUTH_SIGN_IN')
    const changed = await auth.ask(sessionRoutes.password, { headers, body: { password, next } })
    const me = async (headers: Record<string, string>) =>
      (await auth.ask(sessionRoutes.me, { headers })).status
    expect([await me(headers), await me(other), await me({ cookie: changed.cookie! })]).toEqual([
      401, 401, 200,
    ])
    expect((await signIn(auth, { name: 'ines', password })).code).toBe('AUTH_SIGN_IN')
    expect((await signIn(auth, { name: 'ines', password: next })).status).toBe(201)
  })

  it('gets no new password by a change that was under way when it was ended', async () => {
    const auth = await startAuth()
    const admin = await setUp(auth)
    await auth.ask(userRoutes.addUser, { headers: admin, body: { name: 'bob', role: 'viewer', password } })
    const headers = { cookie: (await signIn(auth, { name: 'bob', password })).cookie! }
    const next = 'what the thief wants'
    const changing = auth.ask(sessionRoutes.password, { headers, body: { password, next } })
    await auth.ask(userRoutes.resetUser, { headers: admin, params: { user: 'bob' } })
    expect((await changing).code).toBe('AUTH_ACCOUNT_NEEDED')
    expect((await signIn(auth, { name: 'bob', password: next })).code).toBe('AUTH_SIGN_IN')
  })

  it('is nothing that a backup of the store could open', async () => {
    const disk = memoryDisk()
    const auth = await startAuth({ disk })
    const headers = await setUp(auth)
    const { body } = await auth.ask(tokenRoutes.addToken, { headers, body: { name: 'ci', role: 'viewer' } })
    const { body: made } = await auth.ask(userRoutes.addUser, {
      headers,
      body: { name: 'bob', role: 'viewer' },
    })
    const { body: totp } = await auth.ask(sessionRoutes.totp, { headers, body: { password } })
    const kept = JSON.stringify([
      ...(await Promise.all(
        ['user', 'session', 'token', 'limit', 'state'].map((name) => auth.storage.list(`auth.${name}`)),
      )),
    ])
    const journal = JSON.stringify(await auth.decisions())
    for (const secret of [
      headers['cookie']!.split('=')[1]!,
      body.token,
      made.link.path.split('#')[1],
      totp.secret,
      password,
    ]) {
      expect(kept).not.toContain(secret)
      expect(journal).not.toContain(secret)
    }
  })
})
