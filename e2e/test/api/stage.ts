import { fileURLToPath } from 'node:url'
import type { GitRepository } from '@longshore/core/testkit'
import type { Longshore } from '../longshore.mjs'
import { freePort, gitPlace, longshoreAt } from '../place.js'
import { clientSecret, providerFor } from '../provider.js'
import { ask, cookieOf, type Answer, type Sent } from './asking.js'

const declared = fileURLToPath(new URL('declared.mjs', import.meta.url))
export const password = 'seven horses by the sea'
/** What GitHub signs with. */
export const hookSecret = 'eleven otters under the bridge'
/** Somebody who asks: what their requests bear. */
export class Client {
  readonly url: string
  readonly headers: Record<string, string>

  constructor(url: string, headers: Record<string, string>) {
    this.url = url
    this.headers = headers
  }

  ask(method: string, path: string, { body, headers }: Sent = {}): Promise<Answer> {
    return ask(this.url, method, path, { body, headers: { ...this.headers, ...headers } })
  }

  /** The JSON of an answer that must be well. */
  async get(method: string, path: string, sent: Sent = {}): Promise<any> {
    const { status, text, json } = await this.ask(method, path, sent)
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`)
    return json
  }
}

export interface Stage {
  longshore: Longshore
  url: string
  repository: GitRepository
  /** The commits that `app` ran, the oldest first. */
  shas: [string, string]
  /** What the first administrator was let in by, and that person in a browser. */
  setUp: Answer
  admin: Client
}

/**
 * A product that has run a while: `app` runs its second commit, the deployment of `slow` does not end, the commit of `waits`
 * waits for its approval.
 */
export async function stage(options: Parameters<typeof longshoreAt>[0] = {}): Promise<Stage> {
  const { repository, url: source } = await gitPlace()
  const run = { kind: 'command', up: ['sh', 'app.sh'], keepAlive: true }
  const at = { source: { url: source, ref: 'main', poll: '500ms' } }
  const listen = `127.0.0.1:${await freePort()}`
  const url = `http://${listen}`
  const { issuer, start } = await providerFor(url)
  await start()
  const roles = { operator: ['ops'] }
  const longshore = await longshoreAt({
    web: { url },
    hooks: { github: { secret: { secret: 'env:HOOK' } } },
    auth: { oidc: { issuer, clientId: 'longshore', clientSecret: { secret: 'env:OIDC' }, roles } },
    ...options,
    env: { LONGSHORE_LISTEN: listen, HOOK: hookSecret, OIDC: clientSecret, ...options.env },
    plugins: [declared],
    services: {
      app: { ...at, run },
      spare: { ...at, run, labels: { team: 'blue' } },
      slow: { ...at, run: { kind: 'command', up: ['sleep', '1000'] } },
      waits: { ...at, run, policy: { deploy: 'manual' } },
      ...options.services,
    },
  })
  await longshore.start()
  const commit = (version: string) =>
    repository.commit('main', { 'app.sh': 'echo began\nexec sleep 1000\n', version })
  const first = await commit('one')
  await longshore.runs('app', first)
  const second = await commit('two')
  await longshore.runs('app', second)
  await longshore.runs('spare', second)
  await longshore.until('slow', 'is under way', ({ deployment }) => deployment)
  const setUp = await firstAdmin(longshore)
  return { longshore, url, repository, shas: [first, second], setUp, admin: inBrowser(url, setUp) }
}

/** What stands for the parameters of paths. */
export async function idsOf({ longshore, shas }: Stage): Promise<Record<string, string>> {
  const { last } = await longshore.service('app')
  return { service: 'app', commit: shas[1], deployment: last.id }
}

async function firstAdmin(longshore: Longshore): Promise<Answer> {
  const { body } = await longshore.ask('GET', '/session/setup')
  const [, token] = body.path.split('#')
  return ask(longshore.url, 'POST', '/api/v1/session/setup', { body: { token, name: 'root', password } })
}

/** Who was just let in, as their browser asks from then on. */
export function inBrowser(url: string, answer: Answer): Client {
  return new Client(url, { cookie: cookieOf(answer), origin: url })
}

/** An account that is signed in. */
export async function signedIn({ url, admin }: Stage, name: string, wish: object): Promise<Client> {
  await admin.get('POST', '/api/v1/users', { body: { name, password, ...wish } })
  return inBrowser(url, await ask(url, 'POST', '/api/v1/session', { body: { name, password } }))
}

/** A token as a program shows it. */
export async function withToken(by: Client, wish: object): Promise<Client & { id: string }> {
  const { id, token } = await by.get('POST', '/api/v1/tokens', { body: { name: 'token', ...wish } })
  return Object.assign(new Client(by.url, { authorization: `Bearer ${token}` }), { id: id as string })
}
