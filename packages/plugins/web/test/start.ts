import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { afterEach, expect } from 'vitest'
import { createLogger, type Plugin } from '@longshore/core'
import { coreRoutes, Problem, type RouteShape } from '@longshore/core/protocol'
import { startTestKernel, type TestKernel, type TestKernelOptions } from '@longshore/core/testkit'
import web from '../src/index.js'

/** The repository of the service `hello` that a test kernel declares. */
export const repository = 'https://git.example/team/hello.git'

type Headers = Record<string, string | undefined>

export interface Ask {
  method?: string
  headers?: Headers
  /** Sent as JSON, or as it is when it is a string. */
  body?: unknown
  /** Which door; the socket unless told otherwise. */
  over?: 'socket' | 'loopback'
  /** Over loopback the administrator's token is shown, unless a request is nobody's or shows one of its own. */
  as?: 'nobody'
}

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  text: string
  json: any
}

export interface Web extends TestKernel {
  port: number
  socket: string
  token: string
  /** The lines of its log. */
  log: string[]
  /** The whole answer, held against the route's schema, or the problem's. */
  ask(path: string, ask?: Ask): Promise<Answer>
  /** The answer as soon as its headers are there. */
  open(path: string, ask?: Ask): Promise<IncomingMessage>
}

const running: TestKernel[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((kernel) => kernel.stop()))
})

/** A kernel with the web plugin on a free port; it is stopped after the test. */
export async function startWeb(
  options: Omit<TestKernelOptions, 'plugins'> & { plugins?: Plugin[] } = {},
): Promise<Web> {
  const config = options.config ?? {
    services: { hello: { source: { url: repository }, run: { kind: 'fake', print: 'hello\nworld' } } },
  }
  const log: string[] = []
  const kernel = await startTestKernel({
    logger: createLogger({ level: 'debug', to: { write: (line) => void log.push(line) } }),
    ...options,
    plugins: [...(options.plugins ?? []), web],
    config: { ...config, web: { listen: '127.0.0.1:0', ...(config['web'] as object | undefined) } },
  })
  running.push(kernel)
  const socket = join(kernel.data, 'longshore.sock')
  const token = kernel.gate.admin
  const place = { socket, port: 0, token }
  const said = log.map((line) => JSON.parse(line) as { port?: number })
  const port = (place.port = said.find((line) => line.port !== undefined)?.port ?? 0)
  return {
    ...kernel,
    port,
    socket,
    token,
    log,
    ask: (path, options) => ask(place, path, options),
    open: (path, options) => open(place, path, options),
  }
}

interface Place {
  socket: string
  port: number
  token: string
}

export function open({ socket, port, token }: Place, path: string, ask: Ask = {}): Promise<IncomingMessage> {
  const { method = 'GET', body, over = 'socket' } = ask
  const text = typeof body === 'string' ? body : body === undefined ? undefined : JSON.stringify(body)
  const type: Headers =
    text === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': `${Buffer.byteLength(text)}` }
  const known: Headers = over === 'socket' || ask.as === 'nobody' ? {} : { authorization: `Bearer ${token}` }
  const headers = { ...type, ...known, ...ask.headers }
  const where = over === 'socket' ? { socketPath: socket } : { host: '127.0.0.1', port }
  return new Promise((resolve, reject) => {
    const asked = request({ ...where, path, method, headers, agent: false }, resolve)
    asked.on('error', reject)
    asked.end(text)
  })
}

export async function ask(place: Place, path: string, options: Ask = {}): Promise<Answer> {
  const message = await open(place, path, options)
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString('utf8')
  const type = message.headers['content-type'] ?? ''
  const json = type.includes('json;') && text !== '' ? JSON.parse(text) : undefined
  const answer = { status: message.statusCode!, headers: message.headers, text, json }
  hold(answer, options.method ?? 'GET', path)
  return answer
}

/** What every answer must be, whatever the test is about. */
function hold({ status, headers, json, text }: Answer, method: string, path: string): void {
  expect(headers).toMatchObject({
    'content-security-policy': expect.stringContaining("default-src 'none'"),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    // But for a file of the dashboard that is named after its content.
    'cache-control': path.startsWith('/assets/') && status === 200 ? expect.any(String) : 'no-store',
    'x-request-id': expect.stringMatching(/^\w{16}$/),
  })
  expect(headers['x-powered-by']).toBeUndefined()
  if (status >= 400 && method !== 'HEAD') {
    expect(headers['content-type'], text).toContain('application/problem+json')
    expect(Problem.parse(json)).toMatchObject({ status, requestId: headers['x-request-id'] })
  } else if (status !== 304) {
    const response = shapeOf(method, path)?.response
    if (response) expect(response.parse(json), 'the answer fits its schema').toEqual(json)
  }
}

function shapeOf(method: string, path: string): RouteShape | undefined {
  const bare = path.split('?')[0]!
  const fits = ({ path, root }: RouteShape) =>
    new RegExp(`^${root ? '' : '/api/v1'}${path.replace(/:[a-z]+/g, '[^/]+')}$`).test(bare)
  return Object.values<RouteShape>(coreRoutes).find((shape) => shape.method === method && fits(shape))
}

/** Deploys a commit by a push and answers its sha and the deployment. */
export async function push({ git, seen }: TestKernel, content = 'one') {
  const sha = git.commit(repository, 'main', { 'app.txt': content })
  const event = await seen(({ kind, commit }) => kind === 'deployment.settled' && commit === sha)
  return { sha, deployment: event.deployment! }
}
