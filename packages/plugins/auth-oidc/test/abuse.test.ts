import { describe, expect, it } from 'vitest'
import { createLogger } from '@longshore/core'
import type { Forgery } from './provider.js'
import { startOidc, startProvider, type Ask } from './start.js'

/** One letter within it is another. */
function change(cookie: string): string {
  const at = cookie.length - 20
  return `${cookie.slice(0, at)}${cookie[at] === 'A' ? 'B' : 'A'}${cookie.slice(at + 1)}`
}

const past = Math.floor(Date.now() / 1_000) - 3_600

const forgeries: [string, Forgery][] = [
  ['of another issuer', { claims: { iss: 'https://evil.example' } }],
  ['of an issuer that only begins alike', { claims: { iss: 'http://127.0.0.1' } }],
  ['for another client', { claims: { aud: 'other' } }],
  ['for several clients without saying which asked', { claims: { aud: ['longshore', 'other'] } }],
  [
    'for several clients, which another one asked for',
    { claims: { aud: ['longshore', 'other'], azp: 'other' } },
  ],
  ['for this client, which another one asked for', { claims: { azp: 'other' } }],
  ['for nobody', { claims: { aud: undefined } }],
  ['with the nonce of another sign-in', { claims: { nonce: 'x'.repeat(43) } }],
  ['without a nonce', { claims: { nonce: undefined } }],
  ['that is over', { claims: { iat: past, exp: past + 60 } }],
  ['that never ends', { claims: { exp: undefined } }],
  ['that counts from later on', { claims: { nbf: past + 7_200 } }],
  ['about nobody', { claims: { sub: undefined } }],
  ['about something that is no name', { claims: { sub: { $ne: 1 } } }],
  ['by a key that is not published', { by: 'stranger' }],
  ['by a key that is not there', { by: 'stranger', head: { kid: 'two' } }],
  ['that is not signed', { by: 'nobody', head: { alg: 'none' } }],
  ['that is not signed, and says it is', { by: 'nobody' }],
  ['signed by the secret of the client', { by: 'secret', head: { alg: 'HS256' } }],
  ['with a key of its own', { by: 'stranger', head: { jwk: { kty: 'RSA' }, kid: undefined } }],
  ['that must not be read without an extension', { head: { crit: ['x'], x: 1 } }],
]

describe('an ID token', () => {
  it.each(forgeries)('%s lets nobody in, and is recorded', async (_, forgery) => {
    const provider = await startProvider()
    const oidc = await startOidc(provider)
    const { location, cookie } = await oidc.begin()
    provider.forgery = forgery
    const { code, message, headers } = await oidc.finish({ cookie, query: provider.signIn(location) })
    expect(code).toBe('OIDC_ANSWER')
    expect(message).not.toMatch(/evil|other|eyJ/)
    expect(headers).toEqual({})
    expect(oidc.gate.decisions).toMatchObject([{ grant: { ok: false, code: 'OIDC_ANSWER' } }])
  })
})

describe('an answer of a browser', () => {
  const changes: [string, (given: Required<Pick<Ask, 'query' | 'cookie'>>) => Ask, string][] = [
    ['without the cookie', ({ query }) => ({ query }), 'OIDC_STATE'],
    [
      'with a cookie that was changed',
      ({ query, cookie }) => ({ query, cookie: change(cookie) }),
      'OIDC_STATE',
    ],
    ['with an empty cookie', ({ query }) => ({ query, cookie: '__Host-longshore-oidc=' }), 'OIDC_STATE'],
    [
      'with a cookie that somebody made',
      ({ query }) => ({ query, cookie: `__Host-longshore-oidc=${'A'.repeat(300)}` }),
      'OIDC_STATE',
    ],
    ['with two cookies', ({ query, cookie }) => ({ query, cookie: `${cookie}; ${cookie}` }), 'OIDC_STATE'],
    [
      'that a plain page could set the cookie of',
      ({ query, cookie }) => ({ query, cookie: cookie.replace('__Host-', '') }),
      'OIDC_STATE',
    ],
    ['without a state', ({ query: { state: _, ...query }, cookie }) => ({ query, cookie }), 'OIDC_STATE'],
    [
      'with an empty state',
      ({ query, cookie }) => ({ query: { ...query, state: '' }, cookie }),
      'OIDC_STATE',
    ],
    [
      'with another state',
      ({ query, cookie }) => ({ query: { ...query, state: 'x' }, cookie }),
      'OIDC_STATE',
    ],
    ['without a code', ({ query: { code: _, ...query }, cookie }) => ({ query, cookie }), 'OIDC_ANSWER'],
    [
      'with a code of nobody',
      ({ query, cookie }) => ({ query: { ...query, code: 'x' }, cookie }),
      'OIDC_DENIED',
    ],
    [
      'of another issuer',
      ({ query, cookie }) => ({ query: { ...query, iss: 'https://evil.example' }, cookie }),
      'OIDC_ANSWER',
    ],
    [
      'with an error, which is not repeated',
      ({ query: { state }, cookie }) => ({ query: { state: state!, error: '<script>' }, cookie }),
      'OIDC_DENIED',
    ],
  ]

  it.each(changes)('%s lets nobody in, and is recorded', async (_, changed, code) => {
    const provider = await startProvider()
    const oidc = await startOidc(provider)
    const { location, cookie } = await oidc.begin()
    const found = await oidc.finish(changed({ query: provider.signIn(location), cookie }))
    expect(found).toMatchObject({ code, headers: {} })
    expect(found.message).not.toMatch(/evil|script|nobody should see/)
    expect(oidc.gate.decisions).toMatchObject([{ grant: { ok: false, code } }])
  })

  it('counts once, also when two come at the same time', async () => {
    const provider = await startProvider()
    const oidc = await startOidc(provider)
    const { location, cookie } = await oidc.begin()
    const query = provider.signIn(location)
    const both = await Promise.all([1, 2].map(() => oidc.finish({ cookie, query })))
    expect(both.map(({ code }) => code).sort()).toEqual(['OIDC_STATE', undefined])
    const later = await oidc.finish({ cookie, query: provider.signIn(location) })
    expect(later.code).toBe('OIDC_STATE')
    expect(provider.asked.filter((path) => path === '/token')).toHaveLength(1)
  })

  it('with a code that was used, in a sign-in of its own, is refused', async () => {
    const provider = await startProvider()
    const oidc = await startOidc(provider)
    const first = await oidc.begin()
    const query = provider.signIn(first.location)
    expect((await oidc.finish({ cookie: first.cookie, query })).page).toBeDefined()
    const second = await oidc.begin()
    const state = new URL(second.location).searchParams.get('state')!
    const found = await oidc.finish({ cookie: second.cookie, query: { ...query, state } })
    expect(found.code).toBe('OIDC_DENIED')
  })

  it('to a sign-in that another browser began is refused, and that one can still finish', async () => {
    const provider = await startProvider()
    const oidc = await startOidc(provider)
    const [evil, mine] = [await oidc.begin(), await oidc.begin()]
    const forced = await oidc.finish({ cookie: mine.cookie, query: provider.signIn(evil.location) })
    expect(forced.code).toBe('OIDC_STATE')
    expect(
      (await oidc.finish({ cookie: mine.cookie, query: provider.signIn(mine.location) })).page,
    ).toBeDefined()
  })

  it('that took longer than ten minutes is refused, whatever the wall clock says', async () => {
    const provider = await startProvider()
    const oidc = await startOidc(provider)
    const { location, cookie } = await oidc.begin()
    oidc.clock.go(600_001)
    oidc.clock.turn(-3_600_000)
    expect((await oidc.finish({ cookie, query: provider.signIn(location) })).code).toBe('OIDC_STATE')
  })

  it('that a former start began is refused', async () => {
    const provider = await startProvider()
    const before = await startOidc(provider)
    const { location, cookie } = await before.begin()
    const oidc = await startOidc(provider)
    expect((await oidc.finish({ cookie, query: provider.signIn(location) })).code).toBe('OIDC_STATE')
  })

  it('names no place to go to: whatever it says, it comes to our own page, and the provider is told one address', async () => {
    const provider = await startProvider()
    const oidc = await startOidc(provider)
    const evil = { redirect_uri: 'https://evil.example', return_to: '//evil.example', next: 'javascript:1' }
    const { location, cookie } = await oidc.begin({ query: evil })
    expect(location).not.toContain('evil')
    const { page } = await oidc.finish({ cookie, query: { ...provider.signIn(location), ...evil } })
    expect(page).toContain('url=/"')
    expect(page).not.toContain('evil')
  })
})

it('nothing secret of a sign-in stands in events, errors or the log', async () => {
  const provider = await startProvider()
  let log = ''
  const logger = createLogger({ level: 'debug', to: { write: (line: string) => void (log += line) } })
  const oidc = await startOidc(provider, {}, { logger })
  const all: unknown[] = []
  const codes: string[] = []
  for (const forgery of [{}, { claims: { aud: 'other' } }, { by: 'stranger' as const }]) {
    provider.forgery = forgery
    const { location, cookie } = await oidc.begin()
    const query = provider.signIn(location)
    codes.push(query['code']!, new URL(location).searchParams.get('nonce')!)
    all.push(await oidc.finish({ cookie, query }))
  }
  provider.client.secret = 'another secret'
  const { location, cookie } = await oidc.begin()
  const found = await oidc.finish({ cookie, query: provider.signIn(location) })
  expect(found.code).toBe('OIDC_CLIENT')
  const { events } = await oidc.journal.read({ limit: 1_000 })
  const said = JSON.stringify([all, found, events, oidc.gate.decisions]) + log
  for (const secret of ['a secret of the client', 'eyJ', 'Bearer access', ...codes])
    expect(said).not.toContain(secret)
})
