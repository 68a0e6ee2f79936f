import { expect, test } from 'vitest'
import { until } from '../until.mjs'
import { ask, type Answer } from './asking.js'
import { Contract, filled, type Operation } from './openapi.js'
import { expected, services, type Outcome, type Person, type Wanted } from './rights-model.js'
import { Client, signedIn, stage, withToken, type Stage } from './stage.js'

/** Somebody who asks, what they have, and as whom the journal knows them. */
interface Asker {
  who: string
  client: Client
  has: Person
  actor: { kind: string; name?: string }
}

/** What a request is refused for before it is asked who may: then nothing was decided. */
const early = new Set(['WEB_CROSS_SITE', 'WEB_HOST_UNKNOWN'])
/** Rights as tokens name them, and what that means. */
const singleRights: [string, { right: string; service?: string }][] = [
  ['services:read', { right: 'services:read' }],
  [`services:read:${services.own}`, { right: 'services:read', service: services.own }],
  ['services:deploy', { right: 'services:deploy' }],
  [`services:deploy:${services.own}`, { right: 'services:deploy', service: services.own }],
  ['services:stop', { right: 'services:stop' }],
  [`services:stop:${services.own}`, { right: 'services:stop', service: services.own }],
  ['events:read', { right: 'events:read' }],
  ['metrics:read', { right: 'metrics:read' }],
  ['host:read', { right: 'host:read' }],
  ['users:read', { right: 'users:read' }],
  ['account:read', { right: 'account:read' }],
  ['account:write', { right: 'account:write' }],
  ['users:write', { right: 'users:write' }],
  [`hooks:${services.own}`, { right: 'hooks:write', service: services.own }],
]

/** Of so many kinds refusals are told one by one; those beyond are counted until it is started anew. */
const toldApart = 800

test('every route lets in and refuses whom it should, and each refusal is in the journal', async () => {
  const at = await stage()
  const contract = new Contract(await at.admin.get('GET', '/api/v1/openapi.json'))
  const { items: declared } = await at.admin.get('GET', '/api/v1/declared')
  const askers = await everybody(at)
  const wrong: string[] = []
  const refused: Refusal[] = []
  let begun = 0
  for (const wanted of declared as Wanted[])
    for (const service of wanted.path.includes(':service') ? Object.values(services) : [undefined]) {
      if (refused.length - begun > toldApart) {
        await at.longshore.stop()
        await at.longshore.start()
        begun = refused.length
      }
      const turns = askers.map((asker) => play(at, contract, { asker, wanted, service }))
      for (const told of await Promise.all(turns)) {
        if (told.wrong !== undefined) wrong.push(told.wrong)
        if (told.refused) refused.push(told.refused)
      }
    }
  expect(wrong).toEqual([])
  expect(refused.length, 'many are refused').toBeGreaterThan(declared.length * 10)
  expect(await missingIn(at, refused)).toEqual([])
}, 240_000)

interface Turn {
  asker: Asker
  wanted: Wanted
  service: string | undefined
}

interface Refusal {
  actor: { kind: string; name?: string }
  what: string
  code: string
  service: string | undefined
}

/** Asks once, in a way that does no harm where it is let in. */
async function play(
  { url }: Stage,
  contract: Contract,
  { asker, wanted, service }: Turn,
): Promise<{ wrong?: string; refused?: Refusal }> {
  const { method, path } = wanted
  const operation = contract.operations.find(
    ({ name }) => name === `${method} ${path.replace(/:([A-Za-z]+)/g, '{$1}')}`,
  )!
  const asked = harmless(operation, service)
  const answer = await ask(url, method, asked, {
    headers: asker.client.headers,
    // A body that no route takes: who is let in gets no further than to be told so.
    ...(method !== 'GET' && { body: { 'nobody takes this': true } }),
  })
  const outcome = outcomeOf(answer)
  const should = expected(asker.has, wanted, service)
  const name = `${asker.who}: ${method} ${asked}`
  const fault = contract.faultOf(operation, answer)
  if (outcome !== should)
    return {
      wrong: `${name} should be ${should}, not ${outcome} (${answer.status} ${answer.text.slice(0, 200)})`,
    }
  if (fault !== undefined) return { wrong: `${name}: ${fault}` }
  if (outcome === 'let in') return {}
  const code = outcome === 'unknown' ? 'AUTH_NEEDED' : 'AUTH_FORBIDDEN'
  if (answer.json.code !== code) return { wrong: `${name} is refused by ${answer.json.code}` }
  const what = `${method} ${path.replace('/api/v1', '')}`
  // Strangers may name what there is not: their refusals are about no service.
  const about = asker.actor.kind === 'nobody' ? undefined : service
  return { refused: { actor: asker.actor, what, code, service: about } }
}

/** The path, with ids that nothing has. */
function harmless({ path }: Operation, service: string | undefined): string {
  const id = '0'.repeat(16)
  const unknown = { commit: '0'.repeat(40), deployment: id, freeze: id, id, user: 'nobody-there' }
  return filled(path, { ...unknown, ...(service !== undefined && { service }) })
}

function outcomeOf({ status, json }: Answer): Outcome {
  if (early.has(json?.code)) throw new Error(`the request itself is no good: ${json.code}`)
  if (status === 401) return 'unknown'
  return status === 403 ? 'forbidden' : 'let in'
}

async function everybody(at: Stage): Promise<Asker[]> {
  const nobody = { kind: 'nobody' }
  const limited = { services: [services.own] }
  const people: [string, object, Person][] = [
    ['vera', { role: 'viewer' }, { role: 'viewer' }],
    ['olga', { role: 'operator' }, { role: 'operator' }],
    ['lena', { role: 'operator', ...limited }, { role: 'operator', limit: services.own }],
    ['ludo', { role: 'operator', services: ['team=blue'] }, { role: 'operator', limit: services.own }],
    ['vlad', { role: 'viewer', ...limited }, { role: 'viewer', limit: services.own }],
    ['anna', { role: 'admin' }, { role: 'admin' }],
  ]
  const known: Asker[] = []
  for (const [name, wish, has] of people)
    known.push({ who: name, client: await signedIn(at, name, wish), has, actor: { kind: 'user', name } })
  const bare = { unknown: true, bare: true } as const
  return [
    { who: 'nobody', client: new Client(at.url, {}), has: bare, actor: nobody },
    ...known,
    ...(await tokens(at)),
    ...(await gone(at)),
  ]
}

async function tokens(at: Stage): Promise<Asker[]> {
  const roles = (['viewer', 'operator', 'admin'] as const).map((role) => [role, { role }, { role }] as const)
  const single = singleRights.map(([text, right]) => [text, { rights: [text] }, { rights: [right] }] as const)
  const limited = [
    'operator for one',
    { role: 'operator', services: [services.own] },
    { role: 'operator', limit: services.own },
  ] as const
  const made: Asker[] = []
  for (const [name, wish, has] of [...roles, limited, ...single]) {
    const client = await withToken(at.admin, { name, ...wish })
    made.push({
      who: `token ${name}`,
      client,
      has: { ...has, isToken: true },
      actor: { kind: 'token', name },
    })
  }
  return made
}

/** Those whose access was, or is not here. */
async function gone(at: Stage): Promise<Asker[]> {
  const { admin } = at
  const ended = await signedIn(at, 'ende', { role: 'admin' })
  await ended.get('DELETE', '/api/v1/session')
  const disabled = await signedIn(at, 'dora', { role: 'admin' })
  const ofDisabled = await withToken(disabled, { role: 'admin' })
  await admin.get('PUT', '/api/v1/users/dora', { body: { disabled: true } })
  const removed = await signedIn(at, 'rolf', { role: 'admin' })
  await admin.get('DELETE', '/api/v1/users/rolf')
  const expired = await withToken(admin, { role: 'admin', expires: '1s' })
  await until(
    'the token is over',
    20_000,
    async () => (await expired.ask('GET', '/api/v1/info')).status === 401,
  )
  const revoked = await withToken(admin, { role: 'admin' })
  await admin.get('DELETE', `/api/v1/tokens/${revoked.id}`)
  const elsewhere = await withToken(admin, { role: 'admin', networks: ['192.0.2.0/24'] })
  const who = { ended, disabled, 'of a disabled account': ofDisabled, removed, expired, revoked, elsewhere }
  const made: Record<string, Client> = {
    ...who,
    'an invented token': new Client(at.url, { authorization: `Bearer lsh_${'A'.repeat(43)}` }),
    'an invented cookie': new Client(at.url, { cookie: `longshore=${'A'.repeat(43)}`, origin: at.url }),
    'another scheme': new Client(at.url, { authorization: 'Basic cm9vdDpzZXZlbiBob3JzZXM=' }),
  }
  return Object.entries(made).map(([who, client]) => {
    // Who shows no token at all is on this machine all the same, as everybody is who asks for the figures.
    const bare = client.headers['authorization'] === undefined
    return { who, client, has: { unknown: true, ...(bare && { bare }) }, actor: { kind: 'nobody' } }
  })
}

/** The refusals of which the journal knows nothing: who, from where, what, about which service, by which code. */
async function missingIn({ longshore }: Stage, refused: Refusal[]): Promise<Refusal[]> {
  const events = await longshore.events('kind=access.refused')
  const key = ({ actor, what, code, service }: Refusal) =>
    [actor.kind, actor.name, what, code, service].join(' ')
  const told = new Set(
    events
      .filter(({ data }) => data.from === '127.0.0.1' && data.reason !== '')
      .map(({ actor, service, data }) => key({ actor, service, what: data.what, code: data.code })),
  )
  return refused.filter((each) => !told.has(key(each)))
}
