import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { request, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { hubPush } from '@longshore/core/testkit'
import { describe, expect, test } from 'vitest'
import type { Longshore } from './longshore.mjs'
import { gitPlace, longshoreAt } from './place.js'
import { until } from './until.mjs'

const secret = 'what the forges share with this host'
const repository = 'https://git.example/team/app.git'
const hmac = (body: string, algorithm = 'sha256') => createHmac(algorithm, secret).update(body).digest('hex')

interface Sent {
  headers: Record<string, string>
  body: string
}

/** What each forge sends of a push, signed. */
const pushes: Record<string, (url: string, ref?: string) => Sent> = {
  github: (url, ref) => {
    const body = JSON.stringify(hubPush(url, ref ?? 'refs/heads/main'))
    return { body, headers: { 'x-github-event': 'push', 'x-hub-signature-256': `sha256=${hmac(body)}` } }
  },
  gitea: (url, ref) => {
    const body = JSON.stringify(hubPush(url, ref ?? 'refs/heads/main'))
    return { body, headers: { 'x-gitea-event': 'push', 'x-gitea-signature': hmac(body) } }
  },
  gitlab: (url, ref = 'refs/heads/main') => {
    const project = { git_http_url: url, git_ssh_url: url, web_url: url }
    const body = JSON.stringify({ object_kind: 'push', ref, after: 'a'.repeat(40), commits: [], project })
    return { body, headers: { 'x-gitlab-event': 'Push Hook', 'x-gitlab-token': secret } }
  },
  bitbucket: (url, ref = 'refs/heads/main') => {
    const changes = [{ new: { type: 'branch', name: ref.replace('refs/heads/', '') } }]
    const body = JSON.stringify({ push: { changes }, repository: { links: { html: { href: url } } } })
    return { body, headers: { 'x-event-key': 'repo:push', 'x-hub-signature': `sha256=${hmac(body)}` } }
  },
  generic: (url, ref) => {
    const body = JSON.stringify({ repository: url, ref })
    const [id, time] = [`msg_${Math.random()}`, String(Math.floor(Date.now() / 1000))]
    const mac = createHmac('sha256', secret).update(`${id}.${time}.${body}`).digest('base64')
    const signed = { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': `v1,${mac}` }
    return { body, headers: signed }
  },
}

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: any
}

function post(
  longshore: Longshore,
  path: string,
  { headers, body }: { headers: object; body: string | Buffer },
) {
  return new Promise<Answer>((resolve, reject) => {
    const { port } = new URL(longshore.url)
    const type = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }
    const where = { host: '127.0.0.1', port, path: `/api/v1/hooks/${path}`, agent: false }
    const asked = request({ ...where, method: 'POST', headers: { ...type, ...headers } })
    asked.on('error', reject)
    asked.on('response', (response) => {
      const { statusCode: status = 0, headers } = response
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve({ status, headers, body: JSON.parse(text) as unknown }))
    })
    asked.end(body)
  })
}

/** A Longshore that hears every forge, and looks at its repository of itself only once. */
async function hearing(url: string): Promise<Longshore> {
  const longshore = await longshoreAt({})
  const file = join(longshore.folder, 'secret')
  await writeFile(file, `${secret}\n`, { mode: 0o600 })
  const part = { secret: { secret: `file:${file}` } }
  const hooks = Object.fromEntries(Object.keys(pushes).map((forge) => [forge, part]))
  const app = { source: { url, poll: '1d' }, run: { kind: 'command', up: ['cat', 'version'] } }
  await longshore.configure({ services: { app }, hooks })
  await longshore.start()
  return longshore
}

test('a signed webhook of each forge brings what was pushed; the listing says what it led to', async () => {
  const { repository: bare, url } = await gitPlace()
  const first = await bare.commit('main', { version: 'zero' })
  const longshore = await hearing(url)
  await longshore.runs('app', first)
  for (const [forge, push] of Object.entries(pushes)) {
    const sha = await bare.commit('main', { version: forge })
    const address = forge === 'gitea' ? 'gitea/app' : forge
    const answer = await post(longshore, address, push(url))
    expect(answer, forge).toMatchObject({ status: 202, body: { verdict: 'accepted', services: ['app'] } })
    await longshore.runs('app', sha)
    const [seen] = (await longshore.events(`kind=commit.seen`)).filter(({ commit }) => commit === sha)
    expect(seen.actor, forge).toEqual({ kind: 'webhook', name: forge })
    const { body } = await longshore.ask('GET', '/hooks/deliveries')
    expect(body.items[0]).toMatchObject({
      forge,
      verdict: 'accepted',
      led: [{ service: 'app', commit: sha }],
    })
  }
  const held = await longshore.cli('stop', 'app', '--why', 'a test')
  expect(held.code, held.stderr).toBe(0)
  const late = await bare.commit('main', { version: 'late' })
  await post(longshore, 'github', pushes['github']!(url))
  await longshore.until('app', 'has seen it', ({ seen }) => seen?.sha === late)
  const queued = await longshore.events('kind=deployment.queued')
  expect(queued.map(({ commit }) => commit)).not.toContain(late)
}, 240_000)

describe('who cannot sign', () => {
  test('gets one answer, whatever is wrong and whatever they ask about; what is signed and odd gets 400', async () => {
    const { url } = await gitPlace()
    const longshore = await hearing(url)
    const answers: object[] = []
    for (const [forge, push] of Object.entries(pushes)) {
      const good = push(repository)
      for (const headers of wrongHeaders(forge, good))
        for (const path of [forge, `${forge}/app`, `${forge}/none`])
          answers.push(
            await bare(post(longshore, path, { ...good, headers }), `${path} ${JSON.stringify(headers)}`),
          )
      for (const other of Object.keys(pushes).filter((each) => each !== forge))
        answers.push(await bare(post(longshore, forge, pushes[other]!(repository)), `${forge} by ${other}`))
    }
    expect(answers[0]).toMatchObject({ status: 401, body: { code: 'HOOK_UNSIGNED' } })
    for (const answer of answers) expect(answer).toEqual(answers[0])
    await oddBodies(longshore)
    expect((await post(longshore, 'forgejo', pushes['gitea']!(repository))).status).toBe(404)
    expect((await post(longshore, 'github/none', pushes['github']!(repository))).body.code).toBe(
      'HOOK_SERVICE_UNKNOWN',
    )
    const { status } = await longshore.ask('GET', '/overview')
    expect(status).toBe(200)
  }, 120_000)

  test('sends nothing that is large, endless or packed', async () => {
    const { url } = await gitPlace()
    const longshore = await hearing(url)
    const good = pushes['github']!(url)
    const large = await post(longshore, 'github', { ...good, body: Buffer.alloc(50_000_000, 'x') }).catch(
      (error: Error) => ({ status: error.message }),
    )
    // It may be still sending when the answer comes and the connection goes.
    expect(large.status).toSatisfy((status) => status === 413 || /EPIPE|ECONNRESET/.test(String(status)))
    expect(await endless(longshore)).toContain(' 413 ')
    const packed = { headers: { ...good.headers, 'content-encoding': 'gzip' }, body: gzipSync(good.body) }
    expect((await post(longshore, 'github', packed)).status).toBe(415)
    const memory = await longshore.ask('GET', '/overview')
    expect(memory.status).toBe(200)
  }, 120_000)
})

/** What of an answer somebody could tell another one by: not the id, the time and the length that every answer has of its own. */
async function bare(asked: Promise<Answer>, what: string): Promise<object> {
  const { status, headers, body } = await asked
  expect(status, what).toBe(401)
  const { 'x-request-id': _, date: __, ...others } = headers
  return { status, headers: others, body: { ...body, requestId: '' } }
}

/** The headers of a good one, each time with one fault in what proves it. */
function wrongHeaders(forge: string, { headers, body }: Sent): Record<string, string>[] {
  const proof = Object.keys(headers).find((name) => /signature|token/.test(name))!
  const value = headers[proof]!
  const { [proof]: _, ...without } = headers
  const sha1 = `sha1=${hmac(body, 'sha1')}`
  const wrong = [
    '',
    'x',
    value.toUpperCase(),
    value.slice(0, -1),
    `${value}0`,
    sha1,
    value.replace('256', '512'),
  ]
  const changed = wrong.filter((each) => each !== value).map((each) => ({ ...headers, [proof]: each }))
  const old = { ...headers, 'webhook-timestamp': String(Math.floor(Date.now() / 1000) - 600) }
  const early = { ...headers, 'webhook-timestamp': String(Math.floor(Date.now() / 1000) + 600) }
  return [without, ...changed, ...(forge === 'generic' ? [old, early] : [])]
}

async function oddBodies(longshore: Longshore): Promise<void> {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  for (const body of ['', '{', 'null', '[]', '{"ref":{},"commits":null}', deep, `{"ref":${deep}}`]) {
    const headers = { 'x-github-event': 'push', 'x-hub-signature-256': `sha256=${hmac(body)}` }
    const answer = await post(longshore, 'github', { headers, body })
    expect([answer.status, answer.body.code], body.slice(0, 40)).toEqual([400, 'HOOK_MALFORMED'])
  }
}

/** Chunk after chunk; answers what comes back. */
async function endless(longshore: Longshore): Promise<string> {
  const socket = connect(Number(new URL(longshore.url).port), '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  const answered = once(socket, 'data')
  socket.write('POST /api/v1/hooks/github HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n')
  const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`
  let isOver = false
  void answered.then(() => (isOver = true))
  await until('somebody says stop', 30_000, async () => {
    if (!isOver && socket.writable) socket.write(chunk.repeat(8))
    return isOver
  })
  const [data] = (await answered) as [Buffer]
  socket.destroy()
  return data.toString('latin1')
}
