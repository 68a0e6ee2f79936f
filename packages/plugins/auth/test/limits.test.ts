import { InputError, RefusedError } from '@longshore/core'
import { memoryDisk } from '@longshore/core/testkit'
import { describe, expect, it } from 'vitest'
import { sessionRoutes, userRoutes } from '../src/protocol/index.js'
import { knockOf, password, setUp, signIn, startAuth, type Auth } from './start.js'

const wrong = 'some other words'

/** Tries a link that nobody was given: a try that costs little. */
const tryLink = (auth: Auth, from: string) =>
  auth.ask(sessionRoutes.useLink, { from, body: { token: 'x', password } })

describe('tries of others', () => {
  it('from more networks than are counted keep nobody out where they signed in before', async () => {
    const auth = await startAuth()
    await setUp(auth)
    for (let count = 0; count < 10_200; count++)
      await tryLink(auth, `10.${count >> 16}.${count >> 8}.${count & 255}`)
    // They fill what is there for everybody, who are counted together from then on.
    const codes = []
    for (let count = 0; count < 25; count++) codes.push((await tryLink(auth, `198.51.100.${count}`)).code)
    expect(codes.at(-1)).toBe('AUTH_TRIES')
    expect((await signIn(auth, { name: 'ines', password })).status).toBe(201)
  }, 60_000)

  it('for more names than are counted tell no name of nobody from one of an account', async () => {
    const disk = memoryDisk()
    const first = await startAuth({ disk })
    await setUp(first)
    const since = first.clock.now()
    const documents = Array.from({ length: 10_000 }, (_, index) => {
      const key = `account ${index.toString(16).padStart(32, '0')}`
      return { collection: 'auth.limit', key, value: { count: 1, since } }
    })
    await first.storage.commit({ events: [], documents })
    await first.stop()
    const auth = await startAuth({ disk, clock: first.clock })
    const code = async (name: string, count: number) =>
      (await signIn(auth, { name, password: wrong }, { from: `198.51.100.${count}` })).code
    for (let count = 0; count < 15; count++) expect(await code(`nobody-${count}`, count)).toBe('AUTH_SIGN_IN')
    expect(await code('ines', 20)).toBe('AUTH_SIGN_IN')
  })

  it('in her own network, for other names, do not lock the owner out', async () => {
    const auth = await startAuth()
    await setUp(auth)
    for (let count = 0; count < 25; count++) await tryLink(auth, '192.0.2.1')
    expect((await signIn(auth, { name: 'bob', password: wrong })).code).toBe('AUTH_TRIES')
    expect((await signIn(auth, { name: 'ines', password })).status).toBe(201)
  })

  it('who have many IPv6 networks of one site are few', async () => {
    const auth = await startAuth()
    await setUp(auth)
    const codes = []
    for (let count = 0; count < 70; count++) codes.push((await tryLink(auth, `2001:db8:0:${count}::1`)).code)
    expect(codes.slice(0, 60)).toEqual(Array(60).fill('AUTH_LINK'))
    expect(codes.slice(60)).toEqual(Array(10).fill('AUTH_TRIES'))
    expect((await tryLink(auth, '2001:db8:1::1')).code).toBe('AUTH_LINK')
  })
})

describe('an account', () => {
  it('is guarded where its owner signed in before too', async () => {
    const auth = await startAuth()
    await setUp(auth)
    for (let count = 0; count < 10; count++) await signIn(auth, { name: 'ines', password: wrong })
    expect((await signIn(auth, { name: 'ines', password })).code).toBe('AUTH_TRIES')
    auth.clock.go(15 * 60_000 + 1)
    expect((await signIn(auth, { name: 'ines', password })).status).toBe(201)
  })

  it('that asks for a password once more counts as one that signs in', async () => {
    const auth = await startAuth()
    const headers = await setUp(auth)
    const change = (given: string) =>
      auth.ask(sessionRoutes.password, { headers, body: { password: given, next: 'seven owls in a barn' } })
    for (let count = 0; count < 10; count++) expect((await change(wrong)).code).toBe('AUTH_SIGN_IN')
    expect((await change(password)).code).toBe('AUTH_TRIES')
  })
})

describe('a provider', () => {
  const welcome = (auth: Auth, error: Error) =>
    auth.access
      .welcome(() => Promise.reject(error), knockOf({}))
      .then(
        () => undefined,
        (thrown: { code: string }) => thrown.code,
      )

  it('whose way back is forged costs nobody a try, and is recorded', async () => {
    const auth = await startAuth()
    await setUp(auth)
    const forged = new InputError('STATE', 'another browser began this')
    for (let count = 0; count < 50; count++) expect(await welcome(auth, forged)).toBe('STATE')
    expect((await auth.decisions()).at(-1)).toMatchObject({
      kind: 'access.refused',
      data: { what: 'sign in by provider', code: 'STATE' },
    })
    expect((await signIn(auth, { name: 'bob', password: wrong })).code).toBe('AUTH_SIGN_IN')
  })

  it('that says no is asked so often, and passwords are counted apart', async () => {
    const auth = await startAuth()
    await setUp(auth)
    const codes = []
    for (let count = 0; count < 15; count++) codes.push(await welcome(auth, new RefusedError('DENIED', 'no')))
    expect(codes).toEqual([...Array(10).fill('DENIED'), ...Array(5).fill('AUTH_TRIES')])
    expect((await signIn(auth, { name: 'ines', password })).status).toBe(201)
  })
})

describe('what is recorded', () => {
  it('has the names of accounts and nothing else that is typed as one', async () => {
    const auth = await startAuth()
    await setUp(auth)
    await signIn(auth, { name: 'ines', password: wrong }, { from: '198.51.100.1' })
    await signIn(auth, { name: 'my-secret-word', password: wrong }, { from: '198.51.100.1' })
    const reasons = (await auth.decisions()).map(({ data }) => (data as { reason?: string }).reason)
    expect(reasons.join()).toContain('as ines')
    expect(reasons.join()).toContain('no account')
    expect(JSON.stringify(await auth.decisions())).not.toContain('my-secret-word')
  })

  it('has who is over the limit', async () => {
    const auth = await startAuth()
    await setUp(auth)
    for (let count = 0; count < 21; count++) await tryLink(auth, '198.51.100.1')
    expect((await auth.decisions()).at(-1)).toMatchObject({
      data: { code: 'AUTH_TRIES', from: '198.51.100.1' },
    })
  })
})

it('a session that goes for a newer one is told to those who keep something open', async () => {
  const auth = await startAuth()
  const headers = await setUp(auth)
  let told = 0
  auth.access.changed(() => told++)
  for (let count = 0; count < 50; count++) {
    expect(told).toBe(0)
    await signIn(auth, { name: 'ines', password })
  }
  expect(told).toBe(1)
  expect((await auth.ask(sessionRoutes.me, { headers })).status).toBe(401)
}, 60_000)

it('an administrator who is limited to some services guards nothing', async () => {
  const auth = await startAuth()
  const body = { name: 'ines', role: 'admin', password, services: ['web-*'] }
  expect((await auth.ask(userRoutes.addUser, { local: true, body })).status).toBe(201)
  expect(auth.access.guards()).toBe(false)
})
