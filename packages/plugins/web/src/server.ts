import { createServer, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { newId, within } from '@longshore/core'
import type { Clock, Contributions, HostInfo, Logger, Metrics } from '@longshore/core'
import { createApp, type AppParts } from './app.js'
import { openToken, type Door } from './caller.js'
import type { WebConfig } from './config.js'
import { Connections } from './connections.js'
import { WebError } from './errors.js'
import { Figures, type OpenAtDoor } from './figures.js'
import { listenLoopback, listenSocket } from './listen.js'
import type { LiveParts } from './live/client.js'
import { LiveDoor, placeTopics } from './live/door.js'
import { Places } from './places.js'
import { malformed } from './problem.js'
import { rawProblem } from './raw.js'
import { Repeats } from './repeats.js'
import { placeRoutes } from './routes.js'
import { Streams } from './streams.js'
import { acceptUpgrades } from './upgrade.js'

/** Milliseconds for the headers, and for the whole, of a request to arrive; slower ones are ended. */
const limits = {
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
  maxHeaderSize: 16_384,
}
/** Milliseconds for answers under way when the server stops. */
const stopTime = 5_000

/** What both doors share. */
type Common = Omit<AppParts & LiveParts, 'door' | 'connections' | 'places' | 'live' | 'streams'> & {
  streams: Streams
}

interface ServerParts {
  config: WebConfig
  contributions: Contributions
  host: HostInfo
  clock: Clock
  log: Logger
  metrics: Metrics
}

/** What is open at one door. */
interface Opened {
  door: Door
  server: Server
  connections: Connections
  live: LiveDoor
  places: Places
}

/** The two doors of the API: loopback, and the socket of this account. */
export class WebServer {
  readonly #parts: ServerParts
  readonly #streams = new Streams()
  readonly #open: Opened[] = []
  readonly #figures: Figures
  #removeSocket = async () => {}
  #port: number

  constructor(parts: ServerParts) {
    this.#parts = parts
    this.#port = parts.config.listen.port
    const open = () => this.#open.map(openAtDoor)
    this.#figures = new Figures(parts.metrics, parts.clock, open)
  }

  /** What people type to get here. */
  get url(): string {
    const { listen, url } = this.#parts.config
    const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host
    return url?.origin ?? `http://${host}:${this.#port}`
  }

  get socket(): string {
    return join(this.#parts.host.data, 'longshore.sock')
  }

  async start(): Promise<void> {
    const { config, contributions, host, clock, log } = this.#parts
    const folder = join(host.data, 'web')
    const routes = placeRoutes(contributions.routes)
    const topics = placeTopics(contributions.topics)
    const token = await openToken(folder)
    const { url, trustProxy, listen } = config
    const repeats = new Repeats(clock)
    const common = { routes, topics, token, url, trustProxy, clock, log, repeats, streams: this.#streams }
    this.#port = await listenLoopback(this.#serve('loopback', common), listen.host, listen.port)
    this.#removeSocket = await listenSocket(this.#serve('socket', common), folder, this.socket)
    log.info({ url: this.url, port: this.#port, socket: this.socket }, 'the API answers')
  }

  /** Ends streams and idle connections at once, gives other answers a moment, then ends those too. */
  async stop(): Promise<void> {
    this.#streams.end()
    const ends = this.#open.map(async ({ server, connections, live }) => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      connections.close()
      await live.close()
      await closed
    })
    await within(stopTime, 'the last answers', () => Promise.all(ends)).catch(() => {
      for (const { server } of this.#open) server.closeAllConnections()
    })
    await Promise.all(ends)
    await this.#removeSocket()
  }

  #serve(door: Door, common: Common): Server {
    const connections = new Connections()
    const answered = new WeakSet<Socket>()
    const places = new Places({
      code: 'WEB_STREAMS_FULL',
      what: 'streams are open',
      hint: 'End some of those that follow events or output or watch, or ask without follow.',
    })
    const live = new LiveDoor({ ...common, door, streams: places })
    const app = createApp({ ...common, door, connections, places, live })
    // A request without Host is refused by the app, with a problem like every other.
    const server = createServer({ ...limits, connectionsCheckingInterval: 1_000, requireHostHeader: false })
    server.on('connection', (socket) => connections.accept(socket))
    const answer: Parameters<typeof createServer>[1] = (request, response) => {
      const { socket } = request
      if (!connections.begin(socket, response)) return
      // What was refused is still read, within its time: a connection cut at once would hide the answer from its sender.
      response.once('finish', () => {
        if (request.complete) return
        answered.add(socket)
        request.resume()
      })
      this.#figures.measure(request, response)
      app(request, response)
    }
    server.on('request', answer)
    server.on('checkExpectation', answer)
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
      if (!socket.writable || connections.busy(socket) || answered.has(socket)) socket.destroy()
      else socket.end(rawProblem(clientError(error.code), newId(this.#parts.clock.now())))
    })
    acceptUpgrades(server, { ...common, door, connections, live })
    this.#open.push({ door, server, connections, live, places })
    return server
  }
}

function openAtDoor({ door, connections, live, places }: Opened): OpenAtDoor {
  return { door, connections: connections.count, clients: live.clients, streams: places.taken }
}

function clientError(code: string | undefined): WebError {
  if (code === 'HPE_HEADER_OVERFLOW') {
    const hint = 'Send a shorter address and fewer headers.'
    return new WebError('WEB_HEADERS_TOO_LARGE', 'the headers are larger than 16 KiB', { status: 431, hint })
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    const hint = 'Send it again, whole.'
    return new WebError('WEB_REQUEST_SLOW', 'the request did not arrive in time', { status: 408, hint })
  }
  return malformed('this is no HTTP request')
}
