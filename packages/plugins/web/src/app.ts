import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express'
import {
  JsonReply,
  newId,
  StreamReply,
  within,
  type Caller,
  type Clock,
  type Gate,
  type Knock,
  type Logger,
} from '@longshore/core'
import type { RouteShape } from '@longshore/core/protocol'
import type { Connections } from './connections.js'
import { isKnown, letIn, stayLetIn, whoComes } from './entry.js'
import { WebError } from './errors.js'
import { securityHeaders } from './headers.js'
import { inputOf } from './input.js'
import type { Door } from './knock.js'
import type { LiveDoor } from './live/door.js'
import { servePages, type Pages } from './pages.js'
import { Places } from './places.js'
import { problemOf, translate } from './problem.js'
import type { Repeats } from './repeats.js'
import { makeSmaller, sendJson } from './reply.js'
import { methodsAt, type PlacedRoute } from './routes.js'
import { checkWay } from './site.js'
import type { Streams } from './streams.js'

/** Milliseconds that an answer which is no stream may take to be made, and then to be read. */
const answerTime = 60_000

export interface AppParts {
  door: Door
  routes: readonly PlacedRoute[]
  /** The dashboard, where there is one. */
  pages: Pages | undefined
  connections: Connections
  streams: Streams
  /** Where streams take their places. */
  places: Places
  live: LiveDoor
  repeats: Repeats
  gate: Gate
  /** What a request shows. */
  knock: (request: Request) => Knock
  /** The address that people type, where the config names one. */
  url: URL | undefined
  clock: Clock
  log: Logger
}

/** What answers the requests of one door. */
export function createApp(parts: AppParts): Express {
  const app = express()
  for (const feature of ['x-powered-by', 'etag']) app.disable(feature)
  for (const feature of ['case sensitive routing', 'strict routing']) app.enable(feature)
  app.set('query parser', false)
  app.use(opened(parts))
  app.use(makeSmaller())
  const answers = new Places({
    code: 'WEB_BUSY',
    what: 'requests are worked on',
    hint: 'Ask again in a moment; those who show the token have places of their own.',
  })
  for (const route of parts.routes) {
    const method = route.shape.method.toLowerCase() as 'get' | 'post' | 'put' | 'delete'
    app[method](route.path, answering(route, parts, route.shape.response ? answers : parts.places))
  }
  app.all('/socket.io/', (request, response) => {
    parts.connections.work(request.socket, response)
    return parts.live.answer(request, response)
  })
  if (parts.door === 'tcp') app.use(servePages(parts.pages))
  app.use(unanswered(parts))
  app.use(failed(parts))
  return app
}

/** Every request: its id, the headers of its answer, its line in the log, and whether its site may ask at all. */
function opened({ door, url, knock, clock, log }: AppParts): RequestHandler {
  return (request, response, next) => {
    const began = clock.monotonic()
    const from = knock(request).from ?? door
    response.set({ ...securityHeaders, 'X-Request-Id': newId(clock.now()) })
    response.once('close', () => {
      const { method } = request
      const facts = { requestId: idOf(response), method, path: request.path.slice(0, 500), from }
      const took = Math.round(clock.monotonic() - began)
      // What strangers try in vain, or do not wait for, fills no log.
      const isDone = response.headersSent && response.statusCode < 400
      const isTold = isDone || isOfKnown(response)
      const level = isTold && method !== 'GET' && method !== 'HEAD' ? 'info' : 'debug'
      log[level]({ ...facts, status: response.statusCode, took }, 'answered')
    })
    if (door === 'tcp') checkWay(request, knock(request), url)
    next()
  }
}

function answering(route: PlacedRoute, parts: AppParts, places: Places): RequestHandler {
  const { gate, streams, repeats } = parts
  return async (request, response) => {
    const { shape, handler, path } = route
    const knock = parts.knock(request)
    const reads = shape.method === 'GET'
    const caller = await whoComes(gate, knock, !reads)
    response.locals['known'] = isKnown(caller)
    const ask = askOf(route, request)
    if (shape.right !== 'none') await letIn(gate, caller, { ...ask, changes: false })
    const input = await inputOf(shape, request)
    if (response.destroyed) return
    // A body may take its time: what counts for a change is the right that is there when all of it is.
    if (shape.right !== 'none' && ask.changes) await letIn(gate, caller, ask)
    const life = new AbortController()
    response.once('close', () => life.abort())
    // A probe is answered whatever else is: it needs no place, and what it waits for is shared.
    if (!shape.root || shape.right !== 'none') takePlace(parts, places, caller, request, response)
    const { headers } = knock
    const sees = (service: string) => caller.holds(shape.right, service)
    const { actor } = caller
    const work = () => handler({ ...input, actor, caller, knock, sees, signal: life.signal, headers })
    const key = keyOf(shape, headers)
    const asked = { by: caller.id, what: request.url, body: input.body, once: shape.once === true }
    const once = key === undefined ? work : () => repeats.answer(key, asked, work)
    const answer = await within(answerTime, `${shape.method} ${path}`, once, life.signal)
    if (response.destroyed) return
    if (answer instanceof StreamReply) {
      response.once(
        'close',
        stayLetIn(gate, caller, ask, () => life.abort()),
      )
      return streams.send(response, answer, life)
    }
    const unread = setTimeout(() => response.destroy(), answerTime)
    response.once('close', () => clearTimeout(unread))
    if (answer instanceof JsonReply) response.set(answer.headers)
    sendJson(request, response, shape.status ?? 200, answer instanceof JsonReply ? answer.body : answer)
  }
}

function askOf({ shape }: PlacedRoute, request: Request) {
  const { service } = request.params as { service?: string }
  const { right, scoped, method, path } = shape
  return { right, service, scoped, what: `${method} ${path}`, changes: method !== 'GET' }
}

/** What makes a request one that came before; where nobody has to be known, each is another one. */
function keyOf({ method, right }: RouteShape, headers: Knock['headers']): string | undefined {
  return method === 'POST' && right !== 'none' ? headers['idempotency-key'] : undefined
}

/** From here until its answer has been read the request has a place, and its connection is not given up for a newer one. */
function takePlace(
  { connections }: AppParts,
  places: Places,
  caller: Caller,
  request: Request,
  response: Response,
): void {
  response.once('close', places.take(caller))
  connections.work(request.socket, response)
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
  return (thrown: unknown, _request, response: Response, _next) => {
    const error = translate(thrown)
    const requestId = idOf(response)
    if (response.destroyed)
      return log.debug({ error, requestId }, 'a request that nobody waits for any more failed')
    const problem = problemOf(error, requestId)
    // That something is not to be had now is an answer: whoever tries too often fills no log with faults, strangers with nothing.
    const busy = isOfKnown(response) ? 'warn' : 'debug'
    if (problem.status >= 500)
      log[problem.status === 503 ? busy : 'error']({ error, requestId }, 'a request failed')
    // Half of an answer is out already: only a broken connection tells that the rest is missing.
    if (response.headersSent) return void response.destroy()
    if (error instanceof WebError) response.set(error.headers)
    response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem))
  }
}

/** Whether it answers somebody who has shown who they are. */
function isOfKnown(response: Response): boolean {
  return response.locals['known'] === true
}

function idOf(response: Response): string {
  return String(response.getHeader('X-Request-Id'))
}
