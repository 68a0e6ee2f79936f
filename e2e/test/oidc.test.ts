import { expect, test } from 'vitest'
import { Browser, type Shown } from './browser.js'
import { freePort, longshoreAt } from './place.js'
import { clientSecret as secret, providerFor } from './provider.js'
import { until } from './until.mjs'

/** A Longshore that is not started yet, and the provider that it asks. */
async function place() {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const provider = await providerFor(url)
  const roles = { operator: ['ops'] }
  const clientSecret = { secret: 'env:OIDC_SECRET' }
  const oidc = { issuer: provider.issuer, clientId: 'longshore', clientSecret, roles }
  const longshore = await longshoreAt({
    web: { url },
    auth: { oidc },
    env: { OIDC_SECRET: secret, LONGSHORE_LISTEN: `127.0.0.1:${port}` },
  })
  return { longshore, provider, begin: `${url}/api/v1/session/oidc`, url }
}

/** Signs in at the provider and agrees there; the browser stands before the way back. */
async function agree(browser: Browser, begin: string, login: string): Promise<string> {
  const asked = await browser.submit(await browser.open(begin), { login, password: 'any' })
  let shown = await browser.submit(asked, {}, 0)
  while (!shown.headers.location!.includes('/session/oidc/callback'))
    shown = await browser.open(shown.headers.location!, { follow: 0 })
  return shown.headers.location!
}

const codeOf = ({ page }: Shown) => (JSON.parse(page) as { code: string }).code

test('people sign in by a real provider, with the role that their groups give, and nobody else does', async () => {
  const { longshore, provider, begin, url } = await place()
  await provider.start()
  await longshore.start()
  const browser = new Browser()
  await until(
    'sign-in is there',
    30_000,
    async () => (await browser.open(begin, { follow: 0 })).status === 302,
  )

  const back = await agree(browser, begin, 'ines')
  expect(codeOf(await new Browser().open(back)), 'another browser').toBe('OIDC_STATE')
  const shown = await browser.open(back)
  expect(shown).toMatchObject({ status: 200, page: expect.stringContaining('content="0; url=/"') })
  expect(shown.headers['content-security-policy']).toContain("default-src 'none'")
  expect(shown.headers['set-cookie']).toEqual([
    expect.stringMatching(/^longshore=[\w-]{43}; .*HttpOnly; SameSite=Strict$/),
  ])
  const me = JSON.parse((await browser.open(`${url}/api/v1/session`)).page) as object
  expect(me).toMatchObject({ name: 'ines', role: 'operator', by: 'cookie' })
  expect(codeOf(await browser.open(back)), 'a second time').toBe('OIDC_STATE')

  const other = new Browser()
  const refused = await other.open(await agree(other, begin, 'mallory'))
  expect([refused.status, codeOf(refused)]).toEqual([409, 'OIDC_NO_ROLE'])
  expect(other.cookie(url, 'longshore')).toBeUndefined()
  const fetched = await fetch(back, {
    headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
  })
  expect(fetched.status).toBe(403)

  const events = await longshore.events()
  const decisions = events.filter(({ kind }) => kind.startsWith('access.'))
  expect(decisions).toContainEqual(
    expect.objectContaining({
      kind: 'access.granted',
      actor: { kind: 'user', name: 'ines' },
      data: expect.objectContaining({
        what: 'sign in by provider',
        rule: 'role operator',
        from: '127.0.0.1',
      }),
    }),
  )
  const codes = decisions.map(({ data }) => data.code)
  expect(codes).toEqual(expect.arrayContaining(['OIDC_STATE', 'OIDC_NO_ROLE']))
  const code = new URL(back).searchParams.get('code')!
  for (const each of [secret, code, 'eyJ']) expect(JSON.stringify(events) + longshore.log).not.toContain(each)
}, 120_000)

test('a provider that is away keeps out only who signs in by it, and is found when it is back', async () => {
  const { longshore, provider, begin, url } = await place()
  await longshore.start()
  const browser = new Browser()
  const refused = await browser.open(begin)
  expect([refused.status, codeOf(refused)]).toEqual([503, 'OIDC_AWAY'])
  expect((await longshore.ask('GET', '/overview')).status).toBe(200)
  expect((await fetch(`${url}/livez`)).status).toBe(200)
  const { stdout } = await longshore.cli('doctor')
  expect(stdout).toContain(provider.issuer)
  await provider.start()
  await until('it is found', 60_000, async () => (await browser.open(begin, { follow: 0 })).status === 302)
}, 120_000)
