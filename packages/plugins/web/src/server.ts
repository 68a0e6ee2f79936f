import { createServer, type RequestListener, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  newId,
  within,
  type Clock,
  type Contributions,
  type Gate,
  type HostInfo,
  type Journal,
  type Logger,
  type Metrics,
} from '@longshore/core'
import { createApp, type AppParts } from './app.js'
import type { WebConfig } from './config.js'
import { Connections } from './connections.js'
import { endCrumbs } from './crumbs.js'
import { WebError } from './errors.js'
import { Figures, type OpenAtDoor } from './figures.js'
import { knocks, type Door } from './knock.js'
import { addressOf, lackingIn, listenSocket, listenTcp } from './listen.js'
import type { LiveParts } from './live/client.js'
import { LiveDoor, placeTopics } from './live/door.js'
import { openPages } from './pages.js'
import { Places } from './places.js'
import { malformed } from './problem.js'
import { rawProblem } from './raw.js'
import { Repeats } from './repeats.js'
import { placeRoutes } from './routes.js'
import { Streams } from './streams.js'
import { serveTls } from './tls.js'
import { acceptUpgrades } from './upgrade.js'

/** Milliseconds for the headers, and for the whole, of a request to arrive; slower ones are ended. */
const options = {
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
  maxHeaderSize: 16_384,
  connectionsCheckingInterval: 1_000,
  // A request without Host is refused by the app, with a problem like every other.
  requireHostHeader: false,
}
/** Milliseconds for answers under way when the server stops. */
const stopTime = 5_000

/** What both doors share. */
type Common = Omit<AppParts & LiveParts, 'door' | 'knock' | 'connections' | 'places' | 'live' | 'streams'> & {
  streams: Streams
}

interface ServerParts {
  gate: Gate
  config: WebConfig
  contributions: Contributions
  journal: Journal
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

/** The two doors of the API: TCP, and the socket of this account. */
export class WebServer {
  readonly #parts: ServerParts
  readonly #streams = new Streams()
  readonly #open: Opened[] = []
  readonly #figures: Figures
  #removeSocket = async () => {}
  #closeTls = () => {}
  #port: number

  constructor(parts: ServerParts) {
    this.#parts = parts
    this.#port = parts.config.listen.port
    const open = () => this.#open.map(openAtDoor)
    this.#figures = new Figures(parts.metrics, parts.clock, open)
  }

  /** What people type to get here. */
  get url(): string {
    const { listen, url, tls } = this.#parts.config
    const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host
    return url?.origin ?? `${tls ? 'https' : 'http'}://${host}:${this.#port}`
  }

  get socket(): string {
    return join(this.#parts.host.data, 'longshore.sock')
  }

  async start(): Promise<void> {
    const { config, contributions, journal, gate, host, clock, log } = this.#parts
    const { slices, rights } = contributions
    const folder = join(host.data, 'web')
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const routes = placeRoutes(contributions.routes)
    const topics = placeTopics(contributions.topics)
    const { url, listen } = config
    const repeats = new Repeats(clock)
    const pages = await openPages(contributions.sites)
    const declared = { routes, pages, topics, slices, rights }
    const common = { ...declared, journal, gate, url, clock, log, repeats, streams: this.#streams }
    const address = await addressOf(listen.host, () => this.#lacking())
    this.#port = await listenTcp(await this.#overTcp(common), { host: listen.host, address }, listen.port)
    const local = createServer(options)
    this.#removeSocket = await listenSocket(this.#serve(local, 'socket', common), folder, this.socket)
    log.info({ url: this.url, port: this.#port, socket: this.socket }, 'the API answers')
  }

  /** How to mend what lacks before others than this machine may reach the API; undefined when nothing does. */
  #lacking(): string | undefined {
    const { gate, config } = this.#parts
    if (gate.guards()) return lackingIn(config)
    return 'Set web.listen to 127.0.0.1:7420, start, and make the first administrator by its set-up link; then it may listen elsewhere.'
  }

  async #overTcp(common: Common): Promise<Server> {
    const { tls } = this.#parts.config
    if (!tls) return this.#serve(createServer(options), 'tcp', common)
    const { server, close } = await serveTls(tls, options, this.#parts.log)
    this.#closeTls = close
    return this.#serve(server, 'tcp', common)
  }

  /** Ends streams and idle connections at once, gives other answers a moment, then ends those too. */
  async stop(): Promise<void> {
    this.#streams.end()
    this.#closeTls()
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

  #serve(server: Server, door: Door, common: Common): Server {
    const connections = new Connections()
    const places = new Places({
      code: 'WEB_STREAMS_FULL',
      what: 'streams are open',
      hint: 'End some of those that follow events or output or watch, or ask without follow.',
    })
    const shared = { ...common, door, knock: knocks(door, this.#parts.config.trustProxy) }
    const live = new LiveDoor({ ...shared, streams: places })
    const app = createApp({ ...shared, connections, places, live })
    // TLS has a connection of its own above the one of TCP: requests come by that.
    const connected = this.#parts.config.tls && door === 'tcp' ? 'secureConnection' : 'connection'
    server.on(connected, (socket: Socket) => connections.accept(socket))
    this.#answer(server, connections, app)
    acceptUpgrades(server, { ...shared, connections, live })
    this.#open.push({ door, server, connections, live, places })
    return server
  }

  #answer(server: Server, connections: Connections, app: RequestListener): void {
    const answered = new WeakSet<Socket>()
    const answer: RequestListener = (request, response) => {
      const { socket } = request
      if (!connections.begin(socket, response)) return
      // What was refused is still read, within its time: a connection cut at once would hide the answer from its sender.
      // Before Node does: it would throw away what nobody began to read, and count none of it.
      response.prependOnceListener('finish', () => {
        if (request.complete) return
        answered.add(socket)
        endCrumbs(request)
        request.read(0)
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
