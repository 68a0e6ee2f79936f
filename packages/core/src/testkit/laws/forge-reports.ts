import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { CommitStatus } from '../../protocol/index.js'
import { RefusedError, UnavailableError } from '../../kernel/errors.js'
import { Secret } from '../../kernel/secret.js'
import { deadline } from '../../waiting/deadline.js'
import type { Law, State } from '../law.js'
import type { ForgeSubject } from './forge-subject.js'

const sha = '0123456789abcdef0123456789abcdef01234567'
const secret = 'glpat-canary'

/** An API that takes what comes and answers as it is told. */
class Api {
  status = 201
  headers: Record<string, string> = {}
  hangs = false
  readonly asked: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[] = []
  readonly #server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      this.asked.push({ method: request.method!, url: request.url!, headers: request.headers, body })
      if (!this.hangs) response.writeHead(this.status, this.headers).end('{"canary":1}')
    })
  })

  async start(): Promise<number> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return (this.#server.address() as AddressInfo).port
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }
}

type Use = (api: Api, report: (signal?: AbortSignal) => Promise<void>, subject: ForgeSubject) => Promise<void>

const words = { context: 'longshore/box-1/api', description: 'it runs', link: 'https://box.example/x' }

/** A law about an API; nothing where the forge takes no statuses. */
const withApi = (law: State<ForgeSubject>) => (name: string, use: Use) =>
  law(name, async (subject) => {
    const { forge, statuses } = subject
    assert.equal(forge.report === undefined, statuses === undefined, 'it takes statuses or does not')
    if (!statuses) return
    const api = new Api()
    const access = {
      api: `http://127.0.0.1:${await api.start()}${statuses.api}`,
      token: new Secret(secret),
    }
    const status: CommitStatus = { repository: 'team/app', sha, state: 'success', ...words }
    try {
      await use(api, (signal = deadline(10_000)) => forge.report!(status, access, signal), subject)
    } finally {
      await api.stop()
    }
  })

/** What it owes whoever tells it what came of a commit. */
export function reportLaws(given: State<ForgeSubject>): Law[] {
  const law = withApi(given)
  return [
    law('a status reaches its commit, by one request', async (api, report, { statuses }) => {
      await report()
      assert.equal(api.asked.length, 1)
      const [{ method, url, body }] = api.asked as [Api['asked'][number]]
      assert.equal(method, 'POST')
      assert.ok(url.includes(sha), url)
      assert.match(body, statuses!.says)
      for (const word of Object.values(words)) assert.ok(body.includes(word), `${word} in ${body}`)
    }),
    law('a redirect is not followed', async (api, report) => {
      Object.assign(api, { status: 307, headers: { location: '/elsewhere' } })
      await assert.rejects(report(), RefusedError)
      assert.equal(api.asked.length, 1)
    }),
    law('what may be tried again is unavailable, what is of no use is refused', async (api, report) => {
      for (const status of [500, 502, 503, 429]) {
        api.status = status
        await assert.rejects(report(), UnavailableError, String(status))
      }
      for (const status of [400, 401, 403, 404, 422]) {
        api.status = status
        await assert.rejects(report(), RefusedError, String(status))
      }
      await api.stop()
      await assert.rejects(report(), UnavailableError)
      await api.start()
    }),
    law('it ends with its signal, and no error names the token', async (api, report) => {
      api.hangs = true
      await assert.rejects(report(deadline(200)), told)
      api.hangs = false
      api.status = 403
      await assert.rejects(report(), told)
    }),
  ]
}

/** It does not hold what nobody may see. */
function told(error: unknown): boolean {
  const seen = [String(error), JSON.stringify(error), (error as Error).stack, String((error as Error).cause)]
  assert.doesNotMatch(seen.join(), /canary/)
  return true
}
