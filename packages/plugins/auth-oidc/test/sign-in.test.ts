import type { ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { oidcRoutes } from '../src/protocol.js'
import { startOidc, startProvider, url } from './start.js'

describe('a sign-in', () => {
  it('leads to the provider with a challenge, and keeps what answers it sealed in the browser', async () => {
    const provider = await startProvider()
    const oidc = await startOidc(provider)
    const { headers } = await oidc.ask(oidcRoutes.begin)
    const { origin, pathname, searchParams } = new URL(headers['Location']!)
    expect(origin + pathname).toBe(`${provider.issuer}/auth`)
    expect(Object.fromEntries(searchParams)).toEqual({
      client_id: 'longshore',
      response_type: 'code',
      redirect_uri: `${url}/api/v1/session/oidc/callback`,
      scope: 'openid profile email groups',
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    })
    expect(headers['Set-Cookie']).toMatch(
      /^__Host-longshore-oidc=[\w-]+; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    )
    for (const secret of ['state', 'nonce'])
      expect(Buffer.from(headers['Set-Cookie']!.split(/[=;]/)[1]!, 'base64url').toString()).not.toContain(
        searchParams.get(secret)!,
      )
    const plain = await oidc.ask(oidcRoutes.begin, { secure: false })
    expect(plain.headers['Set-Cookie']).toMatch(/^longshore-oidc=(?!.*Secure)/)
  })

  it('opens a session, on a page of ours that leads to our own', async () => {
    const provider = await startProvider()
    const oidc = await startOidc(provider)
    const { location, cookie } = await oidc.begin()
    const { headers, page } = await oidc.finish({ cookie, query: provider.signIn(location) })
    expect(headers).toEqual({ 'Set-Cookie': 'fake=welcome-ines' })
    expect(page).toContain('<meta http-equiv="refresh" content="0; url=/">')
  })

  it('goes on with other cookies beside, and with several under way in other browsers', async () => {
    const provider = await startProvider()
    const oidc = await startOidc(provider)
    const [one, two] = [await oidc.begin(), await oidc.begin()]
    for (const { location, cookie } of [two, one]) {
      const found = await oidc.finish({ cookie: `a=b; ${cookie};c=d`, query: provider.signIn(location) })
      expect(found.page).toBeDefined()
    }
  })

  it('asks for what the ID token does not say, and believes that before', async () => {
    const provider = await startProvider()
    provider.claims = { preferred_username: 'ines' }
    provider.userinfo = { groups: ['ops'], preferred_username: 'eve' }
    const oidc = await startOidc(provider)
    const { location, cookie } = await oidc.begin()
    const { headers } = await oidc.finish({ cookie, query: provider.signIn(location) })
    expect(headers['Set-Cookie']).toBe('fake=welcome-ines')
    expect(provider.asked).toContain('/userinfo')
  })
})

describe('the provider', () => {
  it('that is away is said to be, and is found again; nothing else waits for it', async () => {
    const provider = await startProvider()
    await provider.stop()
    const oidc = await startOidc(provider, {}, { isAway: true })
    expect(await oidc.says(false)).toContain(provider.issuer)
    const refused = await oidc.ask(oidcRoutes.begin)
    expect(refused).toMatchObject({ code: 'OIDC_AWAY', hint: expect.any(String) })
    await provider.start()
    await oidc.clock.live(2_000)
    await oidc.says(true)
    expect((await oidc.begin()).location).toContain(provider.issuer)
  })

  it('that went away since is refused by a code, and counts again when it is back', async () => {
    const provider = await startProvider()
    const oidc = await startOidc(provider)
    const first = await oidc.begin()
    const answer = provider.signIn(first.location)
    await provider.stop()
    const found = await oidc.finish({ cookie: first.cookie, query: answer })
    expect(found.code).toBe('OIDC_AWAY')
    expect(oidc.gate.decisions).toEqual([])
    await provider.start()
    const { location, cookie } = await oidc.begin()
    expect((await oidc.finish({ cookie, query: provider.signIn(location) })).page).toBeDefined()
  })

  const documents: [string, object][] = [
    ['calls itself by another name', { issuer: 'http://127.0.0.1:1' }],
    ['calls itself by no name', { issuer: 7 }],
  ]
  it.each(documents)('that %s is no provider', async (_, document) => {
    const provider = await startProvider()
    provider.document = document as Record<string, unknown>
    const oidc = await startOidc(provider, {}, { isAway: true })
    await expect.poll(() => oidc.ask(oidcRoutes.begin)).toMatchObject({ message: /name|does not fit/ })
    expect((await oidc.ask(oidcRoutes.begin)).code).toBe('OIDC_AWAY')
  })

  const plain = [
    'http://id.example/x',
    'http://169.254.169.254/latest',
    'file:///etc/passwd',
    'gopher://127.0.0.1/',
  ]
  it.each(plain)('that names %s is not followed there', async (address) => {
    for (const name of ['token_endpoint', 'jwks_uri', 'userinfo_endpoint']) {
      const provider = await startProvider()
      provider.document = { [name]: address }
      provider.claims = {}
      const oidc = await startOidc(provider)
      const { location, cookie } = await oidc.begin()
      const found = await oidc.finish({ cookie, query: provider.signIn(location) })
      expect(found, name).toMatchObject({ code: 'OIDC_AWAY', message: /names an address that is not https/ })
    }
  })

  const broken: [string, (response: ServerResponse, issuer: string) => void, string][] = [
    ['fails', (response) => response.writeHead(500).end('secret words'), 'OIDC_AWAY'],
    ['is overloaded', (response) => response.writeHead(429).end(), 'OIDC_AWAY'],
    [
      'leads elsewhere',
      (response, to) => response.writeHead(307, { Location: `${to}/jwks` }).end(),
      'OIDC_ANSWER',
    ],
    ['breaks off', (response) => response.writeHead(200).destroy(), 'OIDC_AWAY'],
    ['says too much', (response) => response.writeHead(200).end(Buffer.alloc(2_000_000)), 'OIDC_AWAY'],
    ['speaks no JSON', (response) => response.writeHead(200).end('<html>secret words'), 'OIDC_ANSWER'],
  ]
  it.each(broken)('that %s is told by a code, without its words', async (_, answer, code) => {
    const provider = await startProvider()
    const oidc = await startOidc(provider)
    const { location, cookie } = await oidc.begin()
    provider.instead = ({ url: path }, response) => {
      if (path === '/token') answer(response, provider.issuer)
      return path === '/token'
    }
    const found = await oidc.finish({ cookie, query: provider.signIn(location) })
    expect(found.code).toBe(code)
    expect(JSON.stringify(found)).not.toContain('secret words')
  })
})
