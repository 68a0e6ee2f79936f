import { definePlugin } from '@longshore/core'
import { shape } from '@longshore/core/protocol'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { push, startWeb, type Web } from './start.js'

const key = (name: string) => ({ 'idempotency-key': name })
const deploy = (web: Web, name: string, body: object = {}, path = '/api/v1/services/hello/deploy') =>
  web.ask(path, { method: 'POST', headers: key(name), body })
const queued = async (web: Web) =>
  (await web.journal.read({ limit: 1_000 })).events.filter(({ kind }) => kind === 'deployment.queued').length

describe('an action with an Idempotency-Key', () => {
  it('is done once, however often and however fast it is asked for', async () => {
    const web = await startWeb()
    await push(web)
    const before = await queued(web)
    const answers = await Promise.all(Array.from({ length: 20 }, () => deploy(web, 'one')))
    for (const { status, json } of answers)
      expect({ status, json }).toEqual({ status: 202, json: answers[0]!.json })
    expect((await deploy(web, 'one')).json).toEqual(answers[0]!.json)
    const { deployment } = answers[0]!.json as { deployment: string }
    await web.seen((event) => event.kind === 'deployment.settled' && event.deployment === deployment)
    expect(await queued(web)).toBe(before + 1)
  })

  it('is refused where the key was another request’s: its body, its query or its path', async () => {
    const web = await startWeb()
    await push(web)
    await deploy(web, 'one')
    for (const [body, path] of [
      [{ why: 'other' }],
      [{}, '/api/v1/services/hello/deploy?host=test'],
      [{}, '/api/v1/services/hello/restart'],
    ] as const)
      expect(await deploy(web, 'one', body, path)).toMatchObject({
        status: 422,
        json: { code: 'WEB_KEY_REUSED' },
      })
  })

  it('that was refused may be asked for again by the same key', async () => {
    const web = await startWeb()
    expect((await deploy(web, 'early')).status).toBe(409)
    await push(web)
    expect((await deploy(web, 'early')).status).toBe(202)
  })

  it('of somebody else is another one', async () => {
    const web = await startWeb()
    await push(web)
    const mine = await deploy(web, 'one', { why: 'mine' })
    const theirs = await web.ask('/api/v1/services/hello/deploy', {
      method: 'POST',
      over: 'loopback',
      headers: { ...key('one'), authorization: `Bearer ${web.token}` },
      body: { why: 'theirs' },
    })
    expect([mine.status, theirs.status]).toEqual([202, 202])
    expect(theirs.json).not.toEqual(mine.json)
  })

  it.each(['', 'a b', 'x'.repeat(256), 'é'])('whose key is %j is refused', async (name) => {
    const web = await startWeb()
    expect(await deploy(web, name)).toMatchObject({ status: 400, json: { code: 'WEB_INPUT_INVALID' } })
  })
})

describe('what shows a secret once', () => {
  const mint = shape({
    method: 'POST',
    path: '/mint',
    summary: 'Makes a secret',
    right: 'services:deploy',
    response: z.strictObject({ secret: z.string() }),
    once: true,
  })

  it('is done once by a key, and its answer is kept nowhere', async () => {
    let made = 0
    const plugin = definePlugin({
      name: 'mint',
      setup: ({ routes }) => routes.add(mint, async () => ({ secret: `secret ${++made}` })),
    })
    const web = await startWeb({ plugins: [plugin] })
    const ask = (name: string) => web.ask('/api/v1/mint', { method: 'POST', headers: key(name) })
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask('one')))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409])
    expect(await ask('one')).toMatchObject({ status: 409, json: { code: 'WEB_KEY_DONE' } })
    expect((await ask('two')).json).toEqual({ secret: 'secret 2' })
    expect(made).toBe(2)
  })
})

describe('keys', () => {
  const note = shape({
    method: 'POST',
    path: '/note',
    summary: 'Counts',
    right: 'services:deploy',
    response: z.strictObject({ count: z.int() }),
  })

  it('of one caller push out none of another’s, and its own oldest first', async () => {
    let count = 0
    const plugin = definePlugin({
      name: 'note',
      setup: ({ routes }) => routes.add(note, async () => ({ count: ++count })),
    })
    const web = await startWeb({ plugins: [plugin] })
    const ask = async (name: string, over: 'socket' | 'loopback') =>
      (await web.ask('/api/v1/note', { method: 'POST', over, headers: key(name) })).json.count
    const theirs = await ask('kept', 'loopback')
    const first = await ask('0', 'socket')
    for (let number = 1; number <= 500; number++) await ask(String(number), 'socket')
    expect(await ask('kept', 'loopback')).toBe(theirs)
    expect(await ask('0', 'socket')).not.toBe(first)
    expect(await ask('500', 'socket')).toBe(502)
  })
})
