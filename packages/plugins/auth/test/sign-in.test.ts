import { describe, expect, it } from 'vitest'
import { HandClock, memoryDisk } from '@longshore/core/testkit'
import { TOTP } from 'otpauth'
import { sessionRoutes, userRoutes } from '../src/protocol/index.js'
import { password, setUp, signIn, startAuth } from './start.js'

describe('the set-up link', () => {
  it('makes the first administrator, once', async () => {
    const auth = await startAuth()
    expect(auth.access.guards()).toBe(false)
    const { body } = await auth.ask(sessionRoutes.setUpLink, { local: true })
    const token = body.path.split('#')[1]
    const given = { token, name: 'ines', password }
    for (const wrong of [
      { ...given, token: '' },
      { ...given, token: undefined },
      { ...given, token: `${token}x` },
    ])
      expect((await auth.ask(sessionRoutes.setUp, { body: wrong })).code).toBe('AUTH_LINK')
    const both = await Promise.all([1, 2, 3].map(() => auth.ask(sessionRoutes.setUp, { body: given })))
    expect(both.map(({ status }) => status).sort()).toEqual([0, 0, 201])
    expect(auth.access.guards()).toBe(true)
    expect((await auth.ask(sessionRoutes.setUp, { body: { ...given, name: 'eve' } })).code).toBe(
      'AUTH_SET_UP',
    )
    expect((await auth.ask(sessionRoutes.setUpLink, { local: true })).body.path).toBeNull()
  })

  it('is told on the machine itself only, and is another one at each start', async () => {
    const disk = memoryDisk()
    const auth = await startAuth({ disk })
    expect((await auth.ask(sessionRoutes.setUpLink)).status).toBe(401)
    const { body } = await auth.ask(sessionRoutes.setUpLink, { local: true })
    await auth.stop()
    const next = await startAuth({ disk })
    const again = await next.ask(sessionRoutes.setUpLink, { local: true })
    expect(again.body.path).not.toBe(body.path)
    const given = { token: body.path.split('#')[1], name: 'ines', password }
    expect((await next.ask(sessionRoutes.setUp, { body: given })).code).toBe('AUTH_LINK')
  })

  it('stays over when every account is gone', async () => {
    const disk = memoryDisk()
    const auth = await startAuth({ disk })
    await setUp(auth)
    // What no route does: a disk from which somebody took the accounts by hand.
    await auth.storage.commit({
      events: [],
      documents: [{ collection: 'auth.user', key: 'ines', value: undefined }],
    })
    await auth.stop()
    const next = await startAuth({ disk })
    expect((await next.ask(sessionRoutes.setUpLink, { local: true })).body.path).toBeNull()
    expect(next.access.guards()).toBe(false)
  })
})

describe('a sign-in', () => {
  it('opens a session by name and password, whatever the case of the name', async () => {
    const auth = await startAuth()
    await setUp(auth)
    const { status, cookie, body } = await signIn(auth, { name: ' Ines ', password })
    expect(status).toBe(201)
    expect(body).toMatchObject({ name: 'ines', role: 'admin', by: 'cookie' })
    expect(cookie).toMatch(/^__Host-longshore=[\w-]{43}$/)
    const me = await auth.ask(sessionRoutes.me, { headers: { cookie: cookie! } })
    expect(me.body).toMatchObject({ name: 'ines', totp: false })
  })

  it('has a cookie without prefix on plain loopback, and neither counts for the other', async () => {
    const auth = await startAuth()
    const { cookie: safe } = await setUp(auth)
    const { cookie } = await signIn(auth, { name: 'ines', password }, { secure: false })
    expect(cookie).toMatch(/^longshore=[\w-]{43}$/)
    expect((await auth.ask(sessionRoutes.me, { headers: { cookie: cookie! }, secure: false })).status).toBe(
      200,
    )
    expect((await auth.ask(sessionRoutes.me, { headers: { cookie: cookie! } })).status).toBe(401)
    expect((await auth.ask(sessionRoutes.me, { headers: { cookie: safe! }, secure: false })).status).toBe(401)
    const twice = { cookie: `${safe}; __Host-longshore=${'x'.repeat(43)}` }
    expect((await auth.ask(sessionRoutes.me, { headers: twice })).status).toBe(401)
  })

  it('that fails says the same whatever was wrong, and is recorded', async () => {
    const auth = await startAuth()
    const headers = await setUp(auth)
    await auth.ask(userRoutes.addUser, { headers, body: { name: 'bob', role: 'viewer', password } })
    await auth.ask(userRoutes.addUser, { headers, body: { name: 'sent', role: 'viewer' } })
    await auth.ask(userRoutes.changeUser, { headers, params: { user: 'bob' }, body: { disabled: true } })
    const codes = []
    for (const name of ['ines', 'nobody', 'bob', 'sent'])
      codes.push((await signIn(auth, { name, password: name === 'bob' ? password : 'mistyped' })).code)
    expect(new Set(codes)).toEqual(new Set(['AUTH_SIGN_IN']))
    const refused = (await auth.decisions()).filter(({ kind }) => kind === 'access.refused')
    expect(refused[0]).toMatchObject({
      actor: { kind: 'nobody' },
      data: { what: 'sign in', from: '192.0.2.1' },
    })
    expect(JSON.stringify(refused)).not.toContain('mistyped')
  })

  it('costs as much work whoever is named, so that its time tells nobody which accounts there are', async () => {
    const auth = await startAuth()
    await setUp(auth)
    await auth.ask(userRoutes.addUser, { local: true, body: { name: 'bob', role: 'viewer', password } })
    await auth.ask(userRoutes.addUser, { local: true, body: { name: 'sent', role: 'viewer' } })
    await auth.ask(userRoutes.changeUser, { local: true, params: { user: 'bob' }, body: { disabled: true } })
    const work = async (name: string) => {
      const spent: number[] = []
      for (let count = 0; count < 5; count++) {
        const before = process.cpuUsage()
        await signIn(auth, { name, password: 'mistyped' }, { from: `198.51.100.${count}` })
        const { user, system } = process.cpuUsage(before)
        spent.push(user + system)
      }
      return Math.min(...spent)
    }
    await work('nobody')
    const known = await work('ines')
    for (const name of ['nobody-else', 'bob', 'sent'])
      expect(await work(name), name).toBeGreaterThan(known / 2)
  })

  it('is refused before that is written down, which is done for accounts and only once for all other names', async () => {
    const auth = await startAuth()
    await setUp(auth)
    const { commit } = auth.storage
    let release = () => undefined as void
    const released = new Promise<void>((resolve) => (release = resolve))
    const began = new Promise<void>((resolve) => {
      auth.storage.commit = async (...given) => {
        resolve()
        await released
        return commit.apply(auth.storage, given)
      }
    })
    for (const name of ['ines', 'nobody', 'nobody-else'])
      expect((await signIn(auth, { name, password: 'mistyped' })).code, name).toBe('AUTH_SIGN_IN')
    await began
    release()
  })

  it.each([
    ['short', '400'],
    ['aaaaaaaaaaaaaaaa', 'AUTH_PASSWORD_WEAK'],
    ['longshore-admin', 'AUTH_PASSWORD_WEAK'],
    ['password12345678', 'AUTH_PASSWORD_WEAK'],
    ['x'.repeat(1_000_000), '400'],
  ])('takes no password such as %.20s', async (weak, code) => {
    const auth = await startAuth()
    const answer = await auth.ask(userRoutes.addUser, {
      local: true,
      body: { name: 'longshore-admin', role: 'viewer', password: weak },
    })
    expect(String(answer.status === 400 ? 400 : answer.code)).toBe(code)
  })
})

describe('too many tries', () => {
  it('of one account are refused until the window has passed, over a restart too', async () => {
    const disk = memoryDisk()
    const clock = new HandClock()
    let auth = await startAuth({ disk, clock })
    await setUp(auth)
    const from = '198.51.100.7'
    for (let count = 0; count < 10; count++)
      expect(
        (await signIn(auth, { name: 'ines', password: 'wrong' }, { from: `198.51.100.${count}` })).code,
      ).toBe('AUTH_SIGN_IN')
    expect((await signIn(auth, { name: 'ines', password }, { from })).code).toBe('AUTH_TRIES')
    await auth.stop()
    auth = await startAuth({ disk, clock })
    expect((await signIn(auth, { name: 'ines', password }, { from })).code).toBe('AUTH_TRIES')
    clock.go(15 * 60_000 + 1)
    expect((await signIn(auth, { name: 'ines', password }, { from })).status).toBe(201)
  })

  it('by others do not lock the owner out', async () => {
    const auth = await startAuth()
    await setUp(auth)
    for (let count = 0; count < 40; count++)
      await signIn(auth, { name: 'ines', password: 'wrong' }, { from: `198.51.100.${count}` })
    // From where she signed in before she still can.
    expect((await signIn(auth, { name: 'ines', password })).status).toBe(201)
  })

  it('of links by others keep nobody from theirs', async () => {
    const auth = await startAuth()
    await setUp(auth)
    const { body } = await auth.ask(userRoutes.addUser, {
      local: true,
      body: { name: 'bob', role: 'viewer' },
    })
    for (let count = 0; count < 40; count++)
      await auth.ask(sessionRoutes.useLink, { from: `198.51.100.${count}`, body: { token: 'x', password } })
    const used = { token: body.link.path.split('#')[1], password }
    expect((await auth.ask(sessionRoutes.useLink, { body: used })).status).toBe(201)
  })

  it('count for a network although somebody there has an account and signs in between', async () => {
    const auth = await startAuth()
    await setUp(auth)
    const from = '198.51.100.7'
    const codes = []
    for (let count = 0; count < 25; count++) {
      codes.push((await signIn(auth, { name: `u${count}`, password: 'wrong' }, { from })).code)
      if (count < 15) await signIn(auth, { name: 'ines', password }, { from })
    }
    expect(codes.slice(20)).toEqual(Array(5).fill('AUTH_TRIES'))
  })

  it('of one network are refused whatever the name; a whole /64 is one network', async () => {
    const auth = await startAuth()
    await setUp(auth)
    const codes = []
    for (let count = 0; count < 25; count++)
      codes.push(
        (
          await signIn(
            auth,
            { name: `u${count}`, password: 'wrong' },
            { from: `2001:db8::${count.toString(16)}` },
          )
        ).code,
      )
    expect(codes.slice(0, 20)).not.toContain('AUTH_TRIES')
    expect(new Set(codes.slice(20))).toEqual(new Set(['AUTH_TRIES']))
    expect((await signIn(auth, { name: 'ines', password: 'wrong' }, { from: '2001:db8:1::1' })).code).toBe(
      'AUTH_SIGN_IN',
    )
  })

  it('at the same time are as many as one after another, and wait in a bounded line', async () => {
    const auth = await startAuth()
    await setUp(auth)
    const tries = Array.from({ length: 200 }, (_, at) =>
      signIn(auth, { name: `u${at}`, password: 'wrong password' }, { from: `203.0.113.${at}` }),
    )
    const codes = (await Promise.all(tries)).map(({ code }) => code)
    expect(codes.filter((code) => code === 'AUTH_BUSY').length).toBeGreaterThan(100)
    const same = await Promise.all(
      Array.from({ length: 30 }, () => signIn(auth, { name: 'eve', password: 'x' }, { from: '203.0.114.1' })),
    )
    expect(same.filter(({ code }) => code === 'AUTH_TRIES').length).toBeGreaterThanOrEqual(20)
  })
})

describe('a code', () => {
  async function withCode() {
    const auth = await startAuth()
    const headers = await setUp(auth)
    const { body } = await auth.ask(sessionRoutes.totp, { headers, body: { password } })
    const code = () =>
      TOTP.generate({ secret: new TOTP({ secret: body.secret }).secret, timestamp: auth.clock.now() })
    const confirmed = await auth.ask(sessionRoutes.confirmTotp, { headers, body: { code: code() } })
    expect(confirmed.status).toBe(200)
    return {
      auth,
      code,
      before: headers,
      headers: { cookie: confirmed.cookie! },
      recovery: confirmed.body.recovery as string[],
    }
  }

  it('is asked for once it was confirmed, and counts once', async () => {
    const { auth, code, before, headers } = await withCode()
    expect((await auth.ask(sessionRoutes.me, { headers: before })).status).toBe(401)
    expect((await auth.ask(sessionRoutes.me, { headers })).body).toMatchObject({ totp: true, recovery: 10 })
    expect((await signIn(auth, { name: 'ines', password })).code).toBe('AUTH_CODE_NEEDED')
    // The one that confirmed it is used.
    expect((await signIn(auth, { name: 'ines', password, code: code() })).code).toBe('AUTH_SIGN_IN')
    auth.clock.go(30_000)
    const both = await Promise.all([1, 2].map(() => signIn(auth, { name: 'ines', password, code: code() })))
    expect(both.map(({ status }) => status).sort()).toEqual([0, 201])
    for (const wrong of ['000000', '', 'abc', '1'.repeat(40)])
      expect((await signIn(auth, { name: 'ines', password, code: wrong })).code).toBe('AUTH_SIGN_IN')
    // Without the password nobody learns that there is one.
    expect((await signIn(auth, { name: 'ines', password: 'wrong' })).code).toBe('AUTH_SIGN_IN')
  })

  it('may be a recovery code, each once', async () => {
    const { auth, recovery } = await withCode()
    const code = ` ${recovery[3]!.toUpperCase()} `
    expect((await signIn(auth, { name: 'ines', password, code })).status).toBe(201)
    expect((await signIn(auth, { name: 'ines', password, code })).code).toBe('AUTH_SIGN_IN')
    expect((await signIn(auth, { name: 'ines', password, code: recovery[4] })).body).toMatchObject({
      recovery: 8,
    })
  })

  it('is not asked for any more by whoever knows the password', async () => {
    const { auth, headers } = await withCode()
    expect((await auth.ask(sessionRoutes.dropTotp, { headers, body: { password: 'wrong' } })).code).toBe(
      'AUTH_SIGN_IN',
    )
    expect((await auth.ask(sessionRoutes.dropTotp, { headers, body: { password } })).status).toBe(200)
    expect((await signIn(auth, { name: 'ines', password })).status).toBe(201)
  })
})
