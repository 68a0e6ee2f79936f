import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createLogger } from '@longshore/core'
import { HandClock, happened, settled } from '@longshore/core/testkit'
import { describe, expect, it, onTestFinished } from 'vitest'
import { repositoryPath } from '../src/reports/repository.js'
import { startPlace } from './start.js'

interface Told {
  url: string
  headers: IncomingHttpHeaders
  body: Record<string, string>
}

/** An API on loopback that answers with these statuses one after the other, the last one from then on. */
async function startApi(...answers: number[]) {
  const told: Told[] = []
  let heard: (() => void) | undefined
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    request.on('end', () => {
      told.push({ url: request.url!, headers: request.headers, body: JSON.parse(text) as Told['body'] })
      const status = answers.length > 1 ? answers.shift()! : answers[0]!
      response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end('{}')
      heard?.()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  })
  const { port } = server.address() as AddressInfo
  return {
    told,
    port,
    /** Resolves when so many have come; `meanwhile` is done again and again until then. */
    async until(count: number, meanwhile?: () => Promise<void>) {
      for (const from = performance.now(); told.length < count;) {
        if (performance.now() - from > 10_000) throw new Error(`only ${told.length} of ${count} came`)
        const next = new Promise<void>((resolve) => (heard = resolve))
        const patience = new Promise<void>((resolve) => setTimeout(resolve, 50))
        await Promise.race([next, patience])
        await meanwhile?.()
      }
    },
  }
}

const url = 'http://127.0.0.1/team/app.git'
const secrets = { secret: { secret: 'fake:team#hook' }, token: { secret: 'fake:team#token' } }
const app = (run: object = {}) => ({ app: { source: { url }, run: { kind: 'fake', ...run } } })
const partOf = (port: number) => ({ fake: { ...secrets, api: `http://127.0.0.1:${port}/api/v1/` } })

describe('a deployment', () => {
  it('is told to the forge that its repository is of: pending, then success', async () => {
    const api = await startApi(201)
    const lines: string[] = []
    const logger = createLogger({ level: 'debug', to: { write: (line) => void lines.push(line) } })
    const { git, post, push, seen } = await startPlace({ services: app(), hooks: partOf(api.port), logger })
    const sha = git.commit(url, 'main', { a: '1' })
    await post(push({ repository: url }))
    await seen(settled(sha, 'kept'))
    await api.until(2)
    const about = { repository: 'team/app', sha, context: 'longshore/test/app' }
    expect(api.told.map(({ body }) => body)).toEqual([
      { ...about, state: 'pending', description: 'being deployed on test' },
      { ...about, state: 'success', description: 'runs on test' },
    ])
    expect(api.told.map(({ url }) => url)).toEqual([`/api/v1/statuses/${sha}`, `/api/v1/statuses/${sha}`])
    expect(api.told[0]!.headers.authorization).toBe('Bearer token-canary')
    expect(lines.join()).not.toContain('token-canary')
  })

  it('that fails is told by its code, without what was printed', async () => {
    const api = await startApi(201)
    const services = app({ behave: 'fail', print: 'canary' })
    const { git, post, push, seen } = await startPlace({ services, hooks: partOf(api.port) })
    const sha = git.commit(url, 'main', { a: '1' })
    await post(push({ repository: url }))
    await seen(happened('deployment.settled', sha))
    await api.until(2)
    expect(api.told[1]!.body).toMatchObject({ state: 'failure' })
    expect(api.told[1]!.body['description']).toMatch(/^\w+ on test: [A-Z_]+$/)
  })

  it('is told to nobody else: without a token, or where the repository is of another forge', async () => {
    const api = await startApi(201)
    const other = 'https://git.example/team/app.git'
    const services = { ...app(), other: { source: { url: other }, run: { kind: 'fake' } } }
    const { git, post, push, seen } = await startPlace({ services, hooks: partOf(api.port) })
    const there = git.commit(other, 'main', { a: '1' })
    await post(push({ repository: other }))
    await seen(settled(there, 'kept'))
    const here = git.commit(url, 'main', { a: '1' })
    await post(push({ repository: url }))
    await api.until(2)
    expect(new Set(api.told.map(({ body }) => body['sha']))).toEqual(new Set([here]))
  })
})

describe('a status that is not taken', () => {
  async function deploy(...answers: number[]) {
    const api = await startApi(...answers)
    const clock = new HandClock()
    const lines: string[] = []
    const logger = createLogger({ level: 'debug', to: { write: (line) => void lines.push(line) } })
    const place = await startPlace({ services: app(), hooks: partOf(api.port), clock, logger })
    const sha = place.git.commit(url, 'main', { a: '1' })
    await place.post(place.push({ repository: url }))
    const kept = place.seen(settled(sha, 'kept'))
    return { api, clock, lines, kept, ...place }
  }

  it('is tried again, later each time, and the last word is what stays', async () => {
    const { api, clock, kept } = await deploy(503, 500, 429, 502, 201)
    await kept
    await api.until(5, () => clock.live(5_000))
    expect(api.told.at(-1)!.body).toMatchObject({ state: 'success' })
  })

  it('for good is given up, and no token stands in the log', async () => {
    const { api, clock, kept, lines } = await deploy(503)
    // No deployment waits for it.
    await kept
    while (!lines.some((line) => line.includes('"again":false'))) {
      await clock.live(60_000)
      await new Promise((resolve) => setImmediate(resolve))
    }
    const { length } = api.told
    await clock.live(86_400_000)
    expect(api.told).toHaveLength(length)
    const success = api.told.filter(({ body }) => body['state'] === 'success')
    expect(success).toHaveLength(8)
    expect(lines.join()).toContain('STATUS_UNSENT')
    expect(lines.join()).not.toContain('token-canary')
  })

  it.each([401, 404, 422, 302])('with %i is not tried again, and leads nowhere', async (status) => {
    const { api, clock, kept } = await deploy(status)
    await kept
    await api.until(2)
    await clock.live(600_000)
    expect(api.told.map(({ body }) => body['state'])).toEqual(['pending', 'success'])
    expect(api.told.every(({ url }) => url.startsWith('/api/v1/statuses/'))).toBe(true)
  })
})

describe('the path of a repository', () => {
  it.each([
    ['https://github.com/team/app.git', 'https://api.github.com', 'team/app'],
    ['git@github.com:team/app.git', 'https://api.github.com', 'team/app'],
    ['ssh://git@ghe.example:2222/team/app', 'https://ghe.example/api/v3', 'team/app'],
    ['https://git.example/group/sub/app.git', 'https://git.example/api/v4', 'group/sub/app'],
    ['https://git.example/forge/team/app.git', 'https://git.example/forge/api/v1', 'team/app'],
    ['git@git.example:team/app.git', 'https://git.example/forge/api/v1', 'team/app'],
    ['https://bitbucket.org/team/app', 'https://api.bitbucket.org/2.0', 'team/app'],
    ['http://127.0.0.1:3000/team/app.git', 'http://127.0.0.1:3000/api/v1', 'team/app'],
    ['https://evil.example/team/app.git', 'https://api.github.com', undefined],
    ['https://github.com.evil.example/team/app.git', 'https://api.github.com', undefined],
    ['https://git.example/app', 'https://git.example/api/v1', undefined],
    ['https://git.example/team/../app', 'https://git.example/api/v1', undefined],
    ['https://git.example/team/%2e%2e/%2e%2e/x/y', 'https://git.example/api/v1', 'x/y'],
    ['https://git.example/team/a?b=c', 'https://git.example/api/v1', 'team/a'],
    ['https://git.example/team/a%2Fb', 'https://git.example/api/v1', undefined],
    ['git@git.example:../../x', 'https://git.example/api/v1', undefined],
    ['nothing', 'https://git.example/api/v1', undefined],
  ])('of %s beside %s is %s', (repository, api, path) => {
    expect(repositoryPath(repository, api)).toBe(path)
  })
})
