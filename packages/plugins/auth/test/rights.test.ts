import { definePlugin } from '@longshore/core'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Right } from '@longshore/core/protocol'
import { sessionRoutes, tokenRoutes, userRoutes } from '../src/protocol/index.js'
import { knockOf, password, setUp, signIn, startAuth, token, type Ask, type Auth } from './start.js'

const services = {
  'web-shop': {
    source: { url: 'https://git.example/a.git' },
    run: { kind: 'fake' },
    labels: { team: 'blue' },
  },
  'web-blog': {
    source: { url: 'https://git.example/a.git' },
    run: { kind: 'fake' },
    labels: { team: 'red' },
  },
  db: { source: { url: 'https://git.example/a.git' }, run: { kind: 'fake' }, labels: { team: 'blue' } },
}

/** An account, and what its browser sends. */
async function account(auth: Auth, wish: object): Promise<Record<string, string>> {
  const name = `u${Math.random().toString(36).slice(2, 10)}`
  await auth.ask(userRoutes.addUser, { local: true, body: { name, password, ...wish } })
  return { cookie: (await signIn(auth, { name, password })).cookie! }
}

const rights: Right[] = [
  'services:read',
  'services:deploy',
  'services:stop',
  'events:read',
  'metrics:read',
  'users:read',
  'users:write',
  'host:read',
  'host:write',
  'hooks:write',
  'account:read',
  'account:write',
]

/** The rights that somebody holds: for all services, and for each. */
async function held(auth: Auth, ask: Ask): Promise<Record<string, string>> {
  const caller = await auth.access.who(knockOf(ask))
  return Object.fromEntries(
    rights.map((right) => {
      const of = Object.keys(services).filter((service) => caller.holds(right, service))
      return [right, caller.holds(right) ? 'all' : of.join(' ')]
    }),
  )
}

const reads = { 'services:read': 'all', 'events:read': 'all', 'metrics:read': 'all', 'account:read': 'all' }
const nothing = Object.fromEntries(rights.map((right) => [right, '']))
const operates = { 'services:deploy': 'all', 'services:stop': 'all' }
const everything = Object.fromEntries(rights.map((right) => [right, 'all']))

describe('who holds what', () => {
  it.each([
    ['a viewer', { role: 'viewer' }, { ...nothing, ...reads, 'account:write': 'all' }],
    ['an operator', { role: 'operator' }, { ...nothing, ...reads, ...operates, 'account:write': 'all' }],
    ['an administrator', { role: 'admin' }, everything],
    [
      'an operator of some services, by name and label',
      { role: 'operator', services: ['web-s*', 'team=red'] },
      {
        ...nothing,
        ...Object.fromEntries(
          ['services:read', 'services:deploy', 'services:stop', 'events:read', 'metrics:read'].map(
            (right) => [right, 'web-shop web-blog'],
          ),
        ),
        'account:read': 'all',
        'account:write': 'all',
      },
    ],
  ])('%s', async (_, wish, expected) => {
    const auth = await startAuth({ config: { services } })
    expect(await held(auth, { headers: await account(auth, wish) })).toEqual(expected)
  })

  it.each([
    ['of a viewer', { role: 'viewer' }, { ...nothing, ...reads }],
    [
      'of an administrator, but no more of its kind',
      { role: 'admin' },
      { ...everything, 'users:write': '', 'account:write': '' },
    ],
    ['with one right', { rights: ['services:read'] }, { ...nothing, 'services:read': 'all' }],
    [
      'with a right for one service',
      { rights: ['services:deploy:db'] },
      { ...nothing, 'services:deploy': 'db' },
    ],
    [
      'with a right for some',
      { rights: ['services:stop:web-*'] },
      { ...nothing, 'services:stop': 'web-shop web-blog' },
    ],
    ['with a right to deliver hooks', { rights: ['hooks:db'] }, { ...nothing, 'hooks:write': 'db' }],
    [
      'with rights within a label',
      { rights: ['services:read', 'services:stop:web-*'], services: ['team=blue'] },
      { ...nothing, 'services:read': 'web-shop db', 'services:stop': 'web-shop' },
    ],
    ['with rights that no token has', { rights: ['users:write', 'account:write'] }, nothing],
  ])('a token %s', async (_, wish, expected) => {
    const auth = await startAuth({ config: { services } })
    expect(await held(auth, { headers: (await token(auth, wish)).headers })).toEqual(expected)
  })

  it.each(['*', 'web-*', '*-shop', 'w*b*o*', 'web-shop', '*web-shop*'])(
    'the pattern %s fits web-shop',
    async (pattern) => {
      const auth = await startAuth({ config: { services } })
      const { headers } = await token(auth, { role: 'viewer', services: [pattern] })
      expect((await held(auth, { headers }))['services:read']).toMatch(/web-shop|all/)
    },
  )

  it.each([
    'web',
    'web-',
    '*web-shop-',
    'web-shopp',
    'shop*',
    'b*w*',
    'web-*web-shop',
    'team=',
    'team=bl',
    'web-.*',
  ])('the pattern %s does not', async (pattern) => {
    const auth = await startAuth({ config: { services } })
    const { headers } = await token(auth, { role: 'viewer', services: [pattern] })
    expect((await held(auth, { headers }))['services:read']).not.toContain('web-shop')
  })
})

describe('what was granted is taken back', () => {
  it('from an account that is demoted, limited, disabled or removed, with its sessions and tokens', async () => {
    for (const change of [{ role: 'viewer' }, { services: ['db'] }, { disabled: true }, undefined]) {
      const auth = await startAuth({ config: { services } })
      const admin = await setUp(auth)
      await auth.ask(userRoutes.addUser, {
        headers: admin,
        body: { name: 'bob', role: 'operator', password },
      })
      const bob = { cookie: (await signIn(auth, { name: 'bob', password })).cookie! }
      const { headers } = await token(auth, { role: 'operator' }, { headers: bob })
      let told = 0
      auth.access.changed(() => void told++)
      const caller = await auth.access.who(knockOf({ headers: bob }))
      const to = { headers: admin, params: { user: 'bob' } }
      if (change) await auth.ask(userRoutes.changeUser, { ...to, body: change })
      else await auth.ask(userRoutes.removeUser, to)
      expect(told).toBe(1)
      expect(
        (await auth.access.may(caller, { right: 'services:read', what: 'read', changes: false })).ok,
      ).toBe(false)
      expect((await auth.ask(sessionRoutes.me, { headers: bob })).status).toBe(401)
      expect((await held(auth, { headers }))['services:stop'], JSON.stringify(change)).toBe(
        change?.services ? 'db' : '',
      )
    }
  })

  it('from a token that ends, is revoked, or is shown from elsewhere', async () => {
    const auth = await startAuth({ config: { services } })
    const reads = async (ask: Ask) => (await held(auth, ask))['services:read'] === 'all'
    const ends = await token(auth, { role: 'viewer', expires: '1h' })
    expect(await reads(ends)).toBe(true)
    auth.clock.go(3_600_000)
    expect(await reads(ends)).toBe(false)
    const { headers } = await token(auth, {
      role: 'viewer',
      networks: ['10.0.0.0/8', '2001:db8::/32', '192.0.2.9'],
    })
    for (const from of ['10.1.2.3', '2001:db8:1::1', '192.0.2.9'])
      expect(await reads({ headers, from }), from).toBe(true)
    for (const from of ['11.0.0.1', '2001:db9::1', '192.0.2.8', '::ffff:11.0.0.1', 'unknown'])
      expect(await reads({ headers, from }), from).toBe(false)
    const { body } = await auth.ask(tokenRoutes.tokens, { local: true })
    expect(JSON.stringify(body)).not.toContain('lsh_')
    await auth.ask(tokenRoutes.revokeToken, { local: true, params: { id: body.items.at(-1).id } })
    expect(await reads({ headers, from: '10.1.2.3' })).toBe(false)
  })

  it('but never from the last administrator, by whoever asks', async () => {
    const auth = await startAuth()
    const headers = await setUp(auth)
    const to = { headers, params: { user: 'ines' } }
    for (const body of [{ role: 'viewer' }, { disabled: true }, { services: ['a'] }])
      expect((await auth.ask(userRoutes.changeUser, { ...to, body })).code).toBe('AUTH_LAST_ADMIN')
    expect((await auth.ask(userRoutes.removeUser, to)).code).toBe('AUTH_LAST_ADMIN')
    expect((await auth.ask(userRoutes.resetUser, to)).code).toBe('AUTH_LAST_ADMIN')
    expect((await auth.ask(userRoutes.removeUser, { ...to, local: true })).code).toBe('AUTH_LAST_ADMIN')
    // Who lost everything comes back by the machine itself.
    const { body } = await auth.ask(userRoutes.resetUser, { ...to, local: true })
    // Without a password for now she is still the only one who could give the right back.
    const here = { local: true, params: { user: 'ines' } }
    for (const change of [{ role: 'viewer' }, { disabled: true }])
      expect((await auth.ask(userRoutes.changeUser, { ...here, body: change })).code).toBe('AUTH_LAST_ADMIN')
    expect((await auth.ask(userRoutes.removeUser, here)).code).toBe('AUTH_LAST_ADMIN')
    const used = { token: body.path.split('#')[1], password: 'a new battery staple' }
    const both = await Promise.all([1, 2].map(() => auth.ask(sessionRoutes.useLink, { body: used })))
    expect(both.map(({ status }) => status).sort()).toEqual([0, 201])
  })
})

describe('a right that nothing asks for', () => {
  it.each(['servces:read', 'service:deploy:api', 'hook:write:api', 'services:write:api'])(
    'such as %s is given to no token',
    async (right) => {
      const auth = await startAuth()
      expect((await token(auth, { rights: ['services:read', right] })).code).toBe('AUTH_RIGHT_UNKNOWN')
    },
  )

  it('is told from those that the core, plugins and webhooks ask for', async () => {
    const plugin = definePlugin({
      name: 'vault',
      protocol: { events: { 'vault.opened': z.object({}) }, rights: { 'vault.opened': 'vaults:read' } },
      setup: () => undefined,
    })
    const auth = await startAuth({ plugins: [plugin] })
    const rights = ['services:deploy:web-*', 'events:read', 'vaults:read', 'users:read', 'hooks:api']
    expect((await token(auth, { rights })).code).toBeUndefined()
  })
})

describe('nobody gets more than they have', () => {
  it('by a token of their own', async () => {
    const auth = await startAuth({ config: { services } })
    const some = await account(auth, { role: 'operator', services: ['web-*'] })
    const viewer = await account(auth, { role: 'viewer' })
    for (const [headers, wish] of [
      [viewer, { role: 'operator' }],
      [viewer, { role: 'admin' }],
      [viewer, { rights: ['services:stop'] }],
      [viewer, { rights: ['services:deploy:db'] }],
      [viewer, { rights: ['users:read'] }],
      [some, { role: 'operator' }],
      [some, { rights: ['services:stop'] }],
      [some, { rights: ['hooks:db'] }],
    ] as const) {
      expect((await token(auth, wish, { headers })).code, JSON.stringify(wish)).toBe('AUTH_TOO_MUCH')
    }
    // What is named beyond one's own services opens nothing.
    const { headers } = await token(auth, { rights: ['services:stop:*'] }, { headers: some })
    expect((await held(auth, { headers }))['services:stop']).toBe('web-shop web-blog')
  })

  it('by what was begun before a right was taken away', async () => {
    const auth = await startAuth()
    const admin = await setUp(auth)
    await auth.ask(userRoutes.addUser, { headers: admin, body: { name: 'bob', role: 'admin', password } })
    const headers = { cookie: (await signIn(auth, { name: 'bob', password })).cookie! }
    const adding = auth.ask(userRoutes.addUser, { headers, body: { name: 'eve', role: 'admin', password } })
    await auth.ask(userRoutes.changeUser, {
      headers: admin,
      params: { user: 'bob' },
      body: { disabled: true },
    })
    expect((await adding).code).toBe('AUTH_TOO_MUCH')
    const { body } = await auth.ask(userRoutes.users, { headers: admin })
    expect(body.items.map(({ name }: { name: string }) => name)).toEqual(['bob', 'ines'])
  })

  it('by a token that makes others, or accounts', async () => {
    const auth = await startAuth()
    const { headers } = await token(auth, { role: 'admin' })
    expect((await token(auth, { role: 'viewer' }, { headers })).code).toBe('AUTH_FORBIDDEN')
    for (const shape of [
      userRoutes.addUser,
      sessionRoutes.password,
      sessionRoutes.endSessions,
      tokenRoutes.revokeToken,
    ])
      expect((await auth.ask(shape, { headers, params: { id: '0'.repeat(16) } })).status).toBe(403)
    expect((await auth.ask(userRoutes.users, { headers })).status).toBe(200)
  })
})
