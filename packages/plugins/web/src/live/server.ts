import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { Server as Engine, type Socket as EngineSocket } from 'engine.io'
import { Server } from 'socket.io'
import { WebSocketServer, type ServerOptions } from 'ws'
import { newId } from '@longshore/core'
import { connecting, letIn, whoComes } from '../entry.js'
import { WebError } from '../errors.js'
import { problemOf } from '../problem.js'
import { LiveClient, type LiveIo, type LiveParts, type LiveSocket } from './client.js'
import { FrameSender } from './frames.js'
import { guard } from './guard.js'

/** Milliseconds within which a client answers that its connection is closed; then it is cut. */
const closing = { closeTimeout: 1_000 }

const options = {
  path: '/socket.io/',
  /** Bytes of one message of a client. */
  maxHttpBufferSize: 65_536,
  /** It costs more than the loopback saves, and memory for each client. */
  perMessageDeflate: false,
  httpCompression: false,
  serveClient: false,
  /** Milliseconds within which a client says which namespace it wants. */
  connectTimeout: 5_000,
  wsEngine: class extends WebSocketServer {
    constructor(given: ServerOptions) {
      super({ ...given, ...closing })
    }
  },
}

/** Socket.IO behind one door. Loaded when the first client comes: a start that nobody watches does not pay for it. */
export class LiveServer {
  readonly #engine = new Engine(options)
  readonly #io: LiveIo = new Server(options)

  constructor(parts: LiveParts) {
    this.#engine.on('connection', (conn: EngineSocket) => guard(conn, parts.clock))
    this.#io.bind(this.#engine)
    // Every client may ask for the namespace `/`, and there is none.
    this.#io.use((_socket, next) => next(refusal(noSuchPlace(), parts)))
    const live = this.#io.of('/live')
    live.use((socket, next) => {
      admit(socket, parts).then(
        () => next(),
        (error: unknown) => next(refusal(error, parts)),
      )
    })
    const frames = new FrameSender()
    live.on('connection', (socket) => void new LiveClient(socket, parts, frames))
  }

  /** Clients that are connected, by either transport. */
  get clients(): number {
    return this.#engine.clientsCount
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    this.#engine.handleRequest(request as Parameters<Engine['handleRequest']>[0], response)
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#engine.handleUpgrade(request as Parameters<Engine['handleUpgrade']>[0], socket, head)
  }

  async close(): Promise<void> {
    await this.#io.close()
  }
}

/** A browser cannot send headers with a websocket: what it gives as `auth.token` counts as if it had. */
async function admit(socket: LiveSocket, { gate, knock }: LiveParts): Promise<void> {
  const shown = knock(socket.request)
  const { auth } = socket.handshake
  const token: unknown = auth['token']
  const authorization = `Bearer ${typeof token === 'string' ? token.slice(0, 300) : ''}`
  const headers = 'token' in auth ? { ...shown.headers, authorization } : shown.headers
  const caller = await whoComes(gate, { ...shown, headers }, true)
  await letIn(gate, caller, connecting)
  socket.data.caller = caller
}

/** A refusal as Socket.IO tells it: the client finds the problem in the error's `data`. */
function refusal(error: unknown, { clock }: LiveParts): Error {
  const problem = problemOf(error, newId(clock.now()))
  return Object.assign(new Error(problem.detail), { data: problem })
}

function noSuchPlace(): WebError {
  return new WebError('WEB_NAMESPACE_UNKNOWN', 'there is nothing in this namespace', {
    status: 404,
    hint: 'Connect to /live.',
  })
}
