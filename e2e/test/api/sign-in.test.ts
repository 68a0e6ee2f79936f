import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { ask, type Sent } from './asking.js'
import { stage, withToken, type Stage } from './stage.js'

const many = 500

/** The status of an answer over a connection of its own: one that others used may be closed behind them. */
async function statusOf(url: string, { body, headers }: Sent = {}): Promise<number> {
  const text = body === undefined ? '' : JSON.stringify(body)
  const type = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': text.length }
  const method = body === undefined ? 'GET' : 'POST'
  const asked = request(url, { method, headers: { ...type, ...headers }, agent: false }).end(text)
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  answer.resume()
  return answer.statusCode!
}

/** So many sign-ins at the same time; beside them the probe and somebody who is let in ask, again and again. */
async function crowd({ url, admin }: Stage, sign: (index: number) => Promise<number>) {
  const asked = Array.from({ length: many }, (_, index) => sign(index))
  const crowd = { isOver: false, answers: Promise.allSettled(asked) }
  void crowd.answers.then(() => (crowd.isOver = true))
  const beside = new Set<number>()
  do {
    const both = [statusOf(`${url}/livez`), statusOf(`${url}/api/v1/services`, admin)]
    for (const status of await Promise.all(both)) beside.add(status)
  } while (!crowd.isOver)
  // A sender who does not stop when it is told to loses its connection, and may not read why.
  const answers = await crowd.answers
  const statuses = answers.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  return { statuses, beside }
}

test('a crowd of sign-ins with forged addresses is held to one network, and keeps nobody else out', async () => {
  const at = await stage()
  const sign = (body: object, headers = {}) => statusOf(`${at.url}/api/v1/session`, { body, headers })

  const huge = await crowd(at, () => sign({ name: 'root', password: 'x'.repeat(1_048_576) }))
  expect(new Set(huge.statuses)).toEqual(new Set([413]))
  expect(huge.beside).toEqual(new Set([200]))

  const forged = (index: number) => `10.${index >> 8}.${index & 255}.1`
  const tried = await crowd(at, (index) =>
    sign(
      { name: `guess-${index}`, password: 'y'.repeat(200) },
      { 'x-forwarded-for': forged(index), forwarded: `for=${forged(index)}`, 'x-real-ip': forged(index) },
    ),
  )
  expect(tried.statuses).toHaveLength(many)
  const wrong = tried.statuses.filter((status) => status === 409)
  expect(wrong.length, 'no more than a network has').toBeLessThanOrEqual(20)
  expect(tried.statuses.filter((status) => status === 503)).toHaveLength(many - wrong.length)
  expect(tried.beside).toEqual(new Set([200]))

  const refused = await at.longshore.events('kind=access.refused')
  expect(refused.length).toBeGreaterThan(0)
  expect(new Set(refused.map(({ data }) => data.from))).toEqual(new Set(['127.0.0.1']))
}, 120_000)

test('a token counts in its header only, and an address does not bring it into the log', async () => {
  const at = await stage({ env: { LONGSHORE_LOG: 'debug' } })
  const { headers } = await withToken(at.admin, { role: 'admin' })
  const [, token] = headers['authorization']!.split(' ')
  expect((await ask(at.url, 'GET', '/api/v1/info', { headers })).status).toBe(200)
  for (const name of ['token', 'access_token', 'authorization', 'key', 'longshore'])
    expect((await ask(at.url, 'GET', `/api/v1/info?${name}=${token}`)).status, name).toBe(401)
  for (const [name, value] of Object.entries({ 'x-api-key': token!, cookie: `longshore=${token}` }))
    expect((await ask(at.url, 'GET', '/api/v1/info', { headers: { [name]: value } })).status).toBe(401)
  expect(at.longshore.log).toContain('/api/v1/info')
  expect(at.longshore.log).not.toContain(token)
}, 60_000)
