import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { TOTP } from 'otpauth'
import { expect, test } from 'vitest'
import { ask, type Answer } from './asking.js'
import { Contract, filled, type Operation } from './openapi.js'
import { Client, hookSecret, idsOf, inBrowser, password, stage, type Stage } from './stage.js'

/** What the requests know of each other. */
interface At extends Stage {
  /** What stands for the parameters of paths, where a request names nothing else. */
  ids: Record<string, string>
  /** Somebody with an account of their own. */
  dora: Client
  link: string
  totp: string
}

interface Line {
  params?: (at: At) => Record<string, string>
  query?: string
  body?: unknown
  /** A body that follows from what came before. */
  makes?: (at: At) => unknown
  headers?: Record<string, string>
  by?: 'dora' | 'nobody'
  /** The code of a refusal, where all cannot be well here. */
  refused?: string
  /** It was asked before the first of these. */
  was?: (at: At) => Answer
  then?: (at: At, answer: Answer) => void
}

const why = 'to see whether it holds what it says'
/** A webhook by which GitHub tries an address. */
const ping = {
  by: 'nobody',
  params: () => ({ forge: 'github', service: 'app' }),
  body: { zen: 'Keep it logically awesome.' },
  headers: {
    'x-github-event': 'ping',
    'x-hub-signature-256': `sha256=${createHmac('sha256', hookSecret).update('{"zen":"Keep it logically awesome."}').digest('hex')}`,
  },
} as const
const about = (service: string) => () => ({ service })
/** What changes how somebody signs in gives them another cookie. */
const asNow = (at: At, answer: Answer) => void (at.dora = inBrowser(at.url, answer))
const next = 'nine herons in the reeds'

/** One request for each operation of the document, in this order: each is answered as when all is well. */
const lines: Record<string, Line> = {
  'GET /livez': {},
  'GET /readyz': {},
  'GET /metrics': {},
  'GET /api/v1/declared': {},
  'GET /api/v1/docs': {},
  'GET /api/v1/docs.css': {},
  'GET /api/v1/openapi.json': {},
  'GET /api/v1/info': {},
  'GET /api/v1/overview': {},
  'GET /api/v1/services': { query: 'limit=2' },
  'GET /api/v1/services/{service}': {},
  'GET /api/v1/services/{service}/checks': {},
  'GET /api/v1/services/{service}/commits': {},
  'GET /api/v1/services/{service}/deployments': {},
  'GET /api/v1/services/{service}/diff': {},
  'GET /api/v1/services/{service}/logs': { query: 'tail=10' },
  'GET /api/v1/services/{service}/plan': {},
  'GET /api/v1/services/{service}/stats': { query: 'window=1h' },
  'GET /api/v1/deployments/{deployment}': {},
  'GET /api/v1/deployments/{deployment}/output': {},
  'GET /api/v1/where/{commit}': {},
  'GET /api/v1/events': { query: 'since=1h' },
  'GET /api/v1/events/stream': { query: 'after=0' },
  'POST /api/v1/services/{service}/restart': { params: about('spare'), body: { why } },
  'POST /api/v1/services/{service}/stop': { params: about('spare'), body: { why } },
  'POST /api/v1/services/{service}/start': { params: about('spare'), body: {} },
  'POST /api/v1/services/{service}/deploy': { params: about('spare') },
  'POST /api/v1/services/{service}/rollback': { body: { why } },
  'POST /api/v1/services/{service}/pin': { makes: ({ shas }) => ({ commit: shas[0] }) },
  'POST /api/v1/services/{service}/unpin': {},
  'PUT /api/v1/services/{service}/quarantines/{commit}': { body: { why } },
  'DELETE /api/v1/services/{service}/quarantines/{commit}': {},
  'POST /api/v1/services/{service}/approve': {
    params: about('waits'),
    makes: ({ shas }) => ({ commit: shas[1] }),
  },
  'POST /api/v1/deployments/{deployment}/cancel': { params: ({ ids }) => ({ deployment: ids['slow']! }) },
  'POST /api/v1/freezes': {
    body: { service: 'spare', why, until: '2h' },
    then: ({ ids }, { json }) => void (ids['freeze'] = json.freeze),
  },
  'GET /api/v1/freezes': {},
  'DELETE /api/v1/freezes/{freeze}': {},
  'POST /api/v1/where/{commit}/stop': { body: { why } },
  'POST /api/v1/where/{commit}/quarantine': { body: { why } },
  'GET /api/v1/doctor': {},
  'POST /api/v1/backups': { makes: ({ longshore }) => ({ directory: join(longshore.folder, 'backup') }) },
  'POST /api/v1/hooks/{forge}': ping,
  'POST /api/v1/hooks/{forge}/{service}': ping,
  'GET /api/v1/hooks/deliveries': {},
  // The way back of who was there is the test of the sign-in by a provider.
  'GET /api/v1/session/oidc': { by: 'nobody' },
  'GET /api/v1/session/oidc/callback': { by: 'nobody', query: 'code=a&state=b', refused: 'OIDC_STATE' },
  'GET /api/v1/session/setup': {},
  'POST /api/v1/session/setup': { was: ({ setUp }) => setUp },
  'POST /api/v1/users': {
    body: { name: 'dora', role: 'operator', services: ['app'] },
    then: (at, { json }) => void (at.link = json.link.path.split('#')[1]),
  },
  'POST /api/v1/session/link': { by: 'nobody', makes: ({ link: token }) => ({ token, password }) },
  'POST /api/v1/session': { by: 'nobody', body: { name: 'dora', password }, then: asNow },
  'GET /api/v1/session': { by: 'dora' },
  'GET /api/v1/sessions': {
    by: 'dora',
    then: ({ ids }, { json }) =>
      void (ids['id'] = json.items.find(({ current }: { current: boolean }) => !current).id),
  },
  'DELETE /api/v1/sessions/{id}': { by: 'dora' },
  'DELETE /api/v1/sessions': { by: 'dora' },
  'POST /api/v1/session/totp': {
    by: 'dora',
    body: { password },
    then: (at, { json }) => void (at.totp = json.secret),
  },
  'POST /api/v1/session/totp/confirm': {
    by: 'dora',
    makes: ({ totp: secret }) => ({ code: new TOTP({ secret }).generate() }),
    then: asNow,
  },
  'DELETE /api/v1/session/totp': { by: 'dora', body: { password }, then: asNow },
  'POST /api/v1/session/password': { by: 'dora', body: { password, next }, then: asNow },
  'POST /api/v1/tokens': {
    by: 'dora',
    body: { name: 'ci', rights: ['services:read:app', 'services:deploy:app'], expires: '90d' },
    then: ({ ids }, { json }) => void (ids['id'] = json.id),
  },
  'GET /api/v1/tokens': { by: 'dora' },
  'DELETE /api/v1/tokens/{id}': { by: 'dora' },
  'DELETE /api/v1/session': { by: 'dora' },
  'GET /api/v1/users': {},
  'PUT /api/v1/users/{user}': { body: { role: 'viewer', services: null } },
  'POST /api/v1/users/{user}/reset': {},
  'DELETE /api/v1/users/{user}': {},
}

test('the document is valid, has every route that is declared and no other, and every one answers as it says', async () => {
  const at = await began()
  const document = await at.admin.get('GET', '/api/v1/openapi.json')
  expect(await new Validator().validate(document)).toMatchObject({ valid: true })
  const contract = new Contract(document)
  const { items } = await at.admin.get('GET', '/api/v1/declared')
  const declared = items.map(
    ({ method, path }: { method: string; path: string }) =>
      `${method} ${path.replace(/:([A-Za-z]+)/g, '{$1}')}`,
  )
  const documented = contract.operations.map(({ name }) => name)
  expect(documented.sort(), 'the document has what is declared').toEqual(declared.sort())
  expect(Object.keys(lines).sort(), 'every operation has a request here').toEqual(documented)

  const faults: Record<string, string> = {}
  for (const [name, line] of Object.entries(lines)) {
    const operation = contract.operations.find((each) => each.name === name)!
    const fault = await faultOf(contract, operation, line, at)
    if (fault !== undefined) faults[name] = fault
  }
  expect(faults).toEqual({})
}, 180_000)

async function began(): Promise<At> {
  const staged = await stage()
  const { deployment } = await staged.longshore.service('slow')
  const ids = { ...(await idsOf(staged)), slow: deployment.id, user: 'dora' }
  return { ...staged, ids, dora: new Client(staged.url, {}), link: '', totp: '' }
}

/** Plays a line, and answers what is wrong with it or with what came of it. */
async function faultOf(
  contract: Contract,
  operation: Operation,
  line: Line,
  at: At,
): Promise<string | undefined> {
  const body = line.makes ? line.makes(at) : line.body
  const unfit = line.was ? undefined : contract.faultIn(operation, body)
  if (unfit !== undefined) return `the body does not fit: ${unfit}`
  const params: Record<string, string> = { ...at.ids, ...line.params?.(at) }
  const asked = `${filled(operation.path, params)}${line.query === undefined ? '' : `?${line.query}`}`
  const by = { dora: at.dora.headers, nobody: {}, admin: at.admin.headers }[line.by ?? 'admin']
  const headers = { ...by, ...line.headers }
  const answer = line.was?.(at) ?? (await ask(at.url, operation.method, asked, { body, headers }))
  const fault = contract.faultOf(operation, answer)
  if (fault !== undefined) return fault
  const isAsMeant = line.refused
    ? answer.json?.code === line.refused
    : String(answer.status) === operation.status
  if (!isAsMeant) return `answered by ${answer.status} ${answer.text}`
  line.then?.(at, answer)
  return undefined
}
