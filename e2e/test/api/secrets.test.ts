import { createHash, randomBytes } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TOTP } from 'otpauth'
import { expect, test } from 'vitest'
import { gitPlace } from '../place.js'
import { clientSecret } from '../provider.js'
import { until } from '../until.mjs'
import { ask, cookieOf } from './asking.js'
import { Contract, filled } from './openapi.js'
import {
  Client,
  hookSecret,
  idsOf,
  inBrowser,
  password,
  signedIn,
  stage,
  withToken,
  type Stage,
} from './stage.js'

const random = (name: string) => `${name}-${randomBytes(12).toString('hex')}`
const env = { inStore: random('store'), plain: random('plain'), next: random('next'), forge: random('forge') }
/** What leads nowhere without the way there. */
const refused = ['/api/v1/session/oidc/callback']
const queries: Record<string, string[]> = {
  '/api/v1/tokens': ['all=1'],
  '/api/v1/sessions': ['all=1'],
  '/api/v1/events/stream': ['after=0'],
}

test('what is secret is in no answer, no event, no log line and no file of the store', async () => {
  const at = await withSecrets()
  const known = await secretsOf(at)
  const viewer = await signedIn(at, 'vera', { role: 'viewer' })
  const reader = await withToken(at.admin, { role: 'viewer' })
  const config = { config: await readFile(at.longshore.config, 'utf8') }
  expect(found(config, known.values), 'what stands there is found').toHaveLength(1)
  const said: Record<string, string> = { journal: JSON.stringify(await at.longshore.events()) }
  const askers = { admin: at.admin, viewer, reader, nobody: new Client(at.url, {}) }
  for (const [who, client] of Object.entries(askers)) Object.assign(said, await answersTo(at, who, client))
  said['log'] = at.longshore.log
  expect(said['log']!.length, 'the log is whole').toBeLessThan(200_000)
  expect(found(said, { ...known.values, ...known.hashes })).toEqual([])
  expect(Object.entries(said).filter(([, text]) => text.includes('$argon2'))).toEqual([])

  const backup = join(at.longshore.folder, 'backup')
  await at.admin.get('POST', '/api/v1/backups', { body: { directory: backup } })
  const files = await filesIn(backup)
  expect(found(files, { name: 'dora' }), 'the accounts can be read there').not.toEqual([])
  expect(found(files, known.values), 'in a backup').toEqual([])
  expect(await at.longshore.stop()).toBe(0)
  // The key lies there, and what runs is kept with its plain environment so that it can be run again after a crash.
  const { key: _, plain: _plain, next: _next, ...beside } = known.values
  expect(found(await filesIn(at.longshore.data), beside), 'in the data folder').toEqual([])
}, 180_000)

/** A product with secrets in the environment of a service, by reference and plainly, and a repository that asks for a password. */
async function withSecrets(): Promise<Stage> {
  const { git, repository, url } = await gitPlace('closed')
  git.manners.auth = { username: 'bot', password: env.forge }
  const sha = await repository.commit('main', { 'app.sh': 'exec sleep 1000\n' })
  const run = { kind: 'command', up: ['sh', 'app.sh'], keepAlive: true }
  const at = await stage({
    credentials: { forge: { kind: 'https', username: 'bot', password: { secret: 'env:FORGE' } } },
    services: {
      closed: {
        source: { url, ref: 'main', poll: '500ms', credential: 'forge' },
        run: { ...run, env: { A: { secret: 'env:IN_A_STORE' }, B: env.plain } },
      },
    },
    env: { FORGE: env.forge, IN_A_STORE: env.inStore, LONGSHORE_LOG: 'debug' },
  })
  await at.longshore.runs('closed', sha)
  // What changes is told as a difference, by the config and between deployments.
  const config = (await readFile(at.longshore.config, 'utf8')).replace(env.plain, env.next)
  await writeFile(at.longshore.config, config)
  await until(
    'the change counts',
    30_000,
    async () => (await at.longshore.events('kind=config.applied')).length,
  )
  const next = await repository.commit('main', { 'app.sh': 'exec sleep 1001\n' })
  await at.longshore.runs('closed', next)
  return at
}

/** All that opens something, and how the store keeps it. */
async function secretsOf(at: Stage) {
  const { admin, url, longshore } = at
  const { link } = await admin.get('POST', '/api/v1/users', { body: { name: 'otto', role: 'viewer' } })
  const { token } = await admin.get('POST', '/api/v1/tokens', { body: { name: 'ci', role: 'admin' } })
  const dora = await signedIn(at, 'dora', { role: 'operator' })
  const { secret } = await dora.get('POST', '/api/v1/session/totp', { body: { password } })
  const code = new TOTP({ secret }).generate()
  const confirmed = await dora.ask('POST', '/api/v1/session/totp/confirm', { body: { code } })
  const again = inBrowser(url, confirmed)
  const { recovery } = confirmed.json as { recovery: string[] }
  await ask(url, 'POST', '/api/v1/session', { body: { name: 'dora', password: random('wrong') } })
  const opening = {
    link: link.path.split('#')[1] as string,
    token: token as string,
    session: valueOf(cookieOf(at.setUp)),
    'session of dora': valueOf(again.headers['cookie']!),
  }
  const key = (await readFile(join(longshore.data, 'auth', 'key'))).toString('latin1')
  const codes = Object.fromEntries(recovery.map((each, index) => [`recovery code ${index}`, each]))
  return {
    values: { ...env, ...opening, ...codes, password, hookSecret, clientSecret, totp: secret as string, key },
    hashes: Object.fromEntries(
      Object.entries(opening).flatMap(([name, value]) =>
        (['hex', 'base64', 'base64url'] as const).map((form) => [
          `hash of ${name} as ${form}`,
          createHash('sha256').update(value).digest(form),
        ]),
      ),
    ),
  }
}

function valueOf(cookie: string): string {
  return cookie.split('=')[1]!
}

/** The text of each GET of the document, asked plainly and, where it answers more, by that query. */
async function answersTo(at: Stage, who: string, client: Client): Promise<Record<string, string>> {
  const { operations } = new Contract(await at.admin.get('GET', '/api/v1/openapi.json'))
  const said: Record<string, string> = {}
  for (const service of ['app', 'closed']) {
    const ids = { ...(await idsOf(at)), service }
    for (const { path } of operations.filter(({ method }) => method === 'GET'))
      for (const query of ['', ...(queries[path] ?? [])]) {
        const asked = `${filled(path, ids)}${query && `?${query}`}`
        if (said[`${who} ${asked}`] !== undefined || asked === '/api/v1/events/stream') continue
        const { status, text, headers } = await client.ask('GET', asked)
        if (who === 'admin' && !refused.includes(path)) expect(status, asked).toBeLessThan(400)
        said[`${who} ${asked}`] = `${text} ${JSON.stringify([...headers])}`
      }
  }
  return said
}

/** Which secret stands where, in any of the forms in which it could. */
function found(texts: Record<string, string>, secrets: Record<string, string>): string[] {
  return Object.entries(secrets).flatMap(([name, secret]) => {
    const bytes = Buffer.from(secret, 'latin1')
    const forms = [secret, bytes.toString('base64'), bytes.toString('base64url'), bytes.toString('hex')]
    return Object.entries(texts)
      .filter(([, text]) => forms.some((form) => text.includes(form)))
      .map(([where, text]) => {
        const place = text.indexOf(forms.find((form) => text.includes(form))!)
        return `${name} in ${where}: ${text.slice(Math.max(0, place - 80), place + 20)}`
      })
  })
}

async function filesIn(folder: string): Promise<Record<string, string>> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true })
  const read = files
    .filter((file) => file.isFile())
    .map(async ({ parentPath, name }) => {
      const file = join(parentPath, name)
      return [file, (await readFile(file)).toString('latin1')] as const
    })
  return Object.fromEntries(await Promise.all(read))
}
