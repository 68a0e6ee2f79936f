import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express'
import { newId, StreamReply, within, type Clock, type Logger } from '@longshore/core'
import { actorOf, type Door } from './caller.js'
import type { Connections } from './connections.js'
import { WebError } from './errors.js'
import { securityHeaders } from './headers.js'
import { inputOf } from './input.js'
import { problemOf, translate } from './problem.js'
import { methodsAt, type PlacedRoute } from './routes.js'
import { checkSite } from './site.js'
import type { Streams } from './streams.js'

/** Milliseconds that an answer which is no stream may take. */
const answerTime = 60_000

export interface AppParts {
  door: Door
  routes: readonly PlacedRoute[]
  connections: Connections
  streams: Streams
  /** The bearer token of this host. */
  token: string
  /** The address that people type, where the config names one. */
  url: URL | undefined
  trustProxy: string[]
  clock: Clock
  log: Logger
}

/** What answers the requests of one door. */
export function createApp(parts: AppParts): Express {
  const app = express()
  for (const feature of ['x-powered-by', 'etag']) app.disable(feature)
  for (const feature of ['case sensitive routing', 'strict routing']) app.enable(feature)
  app.set('query parser', false)
  app.set('trust proxy', parts.trustProxy)
  app.use(opened(parts))
  for (const route of parts.routes) {
    const method = route.shape.method.toLowerCase() as 'get' | 'post' | 'put' | 'delete'
    app[method](route.path, answering(route, parts))
  }
  app.use(unanswered(parts))
  app.use(failed(parts))
  return app
}

/** Every request: its id, the headers of its answer, its line in the log, and whether its site may ask at all. */
function opened({ door, url, clock, log }: AppParts): RequestHandler {
  return (request, response, next) => {
    const began = clock.monotonic()
    response.set({ ...securityHeaders, 'X-Request-Id': newId(clock.now()) })
    response.once('close', () => {
      const { method, ip } = request
      const facts = { requestId: idOf(response), method, path: request.path.slice(0, 500), from: ip ?? door }
      const took = Math.round(clock.monotonic() - began)
      const level = method === 'GET' || method === 'HEAD' ? 'debug' : 'info'
      log[level]({ ...facts, status: response.statusCode, took }, 'answered')
    })
    if (door === 'loopback') checkSite(request.headers, url)
    next()
  }
}

function answering(route: PlacedRoute, parts: AppParts): RequestHandler {
  const { door, token, streams, connections } = parts
  return async (request, response) => {
    const { shape, handler, path } = route
    const actor = actorOf(request.headers, door, shape.right, token)
    const input = await inputOf(shape, request)
    const life = new AbortController()
    response.once('close', () => life.abort())
    response.locals.worked = true
    connections.work(request.socket)
    const headers = request.headers as Record<string, string | undefined>
    const work = () => handler({ ...input, actor, signal: life.signal, headers })
    const answer = await within(answerTime, `${shape.method} ${path}`, work, life.signal)
    if (response.destroyed) return
    if (answer instanceof StreamReply) await streams.send(response, answer, life)
    else response.status(shape.status ?? 200).json(answer)
  }
}

/** What no route takes: another method of a path that there is, or nothing at all. */
function unanswered({ routes }: AppParts): RequestHandler {
  return (request) => {
    const allowed = methodsAt(request.path, routes)
    if (allowed.length === 0) {
      throw new WebError('WEB_ROUTE_UNKNOWN', `there is nothing at ${request.path.slice(0, 200)}`, {
        status: 404,
        hint: 'docs/api.md lists the routes; most begin with /api/v1.',
      })
    }
    const Allow = allowed.join(', ')
    throw new WebError('WEB_METHOD_UNKNOWN', `${request.method} is not taken there`, {
      status: 405,
      hint: `It takes ${Allow}.`,
      headers: { Allow },
    })
  }
}

function failed({ log }: AppParts): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  return (thrown: unknown, request: Request, response: Response, _next) => {
    const error = translate(thrown)
    const gone = response.destroyed && !request.complete
    const problem = problemOf(error, idOf(response))
    if (problem.status >= 500 && !gone) log.error({ error, requestId: idOf(response) }, 'a request failed')
    // Half of an answer is out already: only a broken connection tells that the rest is missing.
    if (response.headersSent) return void response.destroy()
    if (error instanceof WebError) response.set(error.headers)
    response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem))
  }
}

function idOf(response: Response): string {
  return String(response.getHeader('X-Request-Id'))
}
