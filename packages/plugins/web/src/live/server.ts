import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { Server as Engine, type Socket as EngineSocket } from 'engine.io'
import { Server } from 'socket.io'
import { WebSocketServer, type ServerOptions } from 'ws'
import { newId, within } from '@longshore/core'
import { LiveAuth } from '@longshore/core/protocol'
import { endCrumbs } from '../crumbs.js'
import { WebError } from '../errors.js'
import { check } from '../input.js'
import { problemOf } from '../problem.js'
import { Tally } from '../tally.js'
import { Admitted } from './admitted.js'
import { LiveClient, type LiveIo, type LiveParts, type LiveSocket } from './client.js'
import { Follower } from './follower.js'
import { FrameSender } from './frames.js'
import { guard } from './guard.js'
import { Snapshots } from './snapshots.js'
import { Tape } from './tape.js'

/**
 * Milliseconds within which a client answers that its connection is closed; then it is cut. And pieces of one message: no
 * client cuts what it may send into more, and each takes memory, however little it holds.
 */
const sockets = { closeTimeout: 1_000, maxFragments: 64 }
/** Milliseconds within which a client is told where it begins. */
const beginTime = 60_000
/** Connections of one account. */
const mostOfOne = 225

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
      super({ ...given, ...sockets })
    }
  },
}

/** Socket.IO behind one door. Loaded when the first client comes: a start that nobody watches does not pay for it. */
export class LiveServer {
  readonly #engine = new Engine(options)
  readonly #io: LiveIo = new Server(options)
  readonly #parts: LiveParts
  readonly #tape: Tape
  readonly #snapshots: Snapshots
  /** Connections of each account. */
  readonly #accounts = new Tally()
  #following = 0

  constructor(parts: LiveParts) {
    this.#parts = parts
    this.#tape = new Tape(parts)
    this.#snapshots = new Snapshots(parts.journal, parts.slices)
    this.#engine.on('connection', (conn: EngineSocket) => guard(conn, parts.clock))
    this.#io.bind(this.#engine)
    // Every client may ask for the namespace `/`, and there is none.
    this.#io.use((_socket, next) => next(refusal(noSuchPlace(), parts)))
    const live = this.#io.of('/live')
    live.use((socket, next) => {
      this.#admit(socket).then(
        () => next(),
        (error: unknown) => next(refusal(error, parts)),
      )
    })
    const frames = new FrameSender()
    live.on('connection', (socket) => {
      void new LiveClient(socket, parts, frames)
      socket.once('disconnect', this.#accounts.add(socket.data.admitted.caller.id))
      if (socket.data.auth.events !== false) void this.#follow(socket)
    })
  }

  /** Clients that are connected, by either transport. */
  get clients(): number {
    return this.#engine.clientsCount
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    this.#engine.handleRequest(request as Parameters<Engine['handleRequest']>[0], response)
    // It reads by now: nothing is lost. Of one that only asks nothing may be read, for that would end it.
    if (request.method === 'POST') endCrumbs(request)
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#engine.handleUpgrade(request as Parameters<Engine['handleUpgrade']>[0], socket, head)
  }

  async close(): Promise<void> {
    await this.#io.close()
  }

  /** Who it is comes first: a stranger is not told what else is amiss. */
  async #admit(socket: LiveSocket): Promise<void> {
    const { auth } = socket.handshake
    const admitted = await Admitted.let(this.#parts, socket.request, auth)
    socket.data.admitted = admitted
    socket.data.auth = check('auth', LiveAuth, auth)
    if (this.#accounts.of(admitted.caller.id) >= mostOfOne) throw tooMany()
  }

  async #follow(socket: LiveSocket): Promise<void> {
    const { admitted, auth } = socket.data
    const parts = { journal: this.#parts.journal, tape: this.#tape, snapshots: this.#snapshots }
    const follower = new Follower(socket.conn, parts, admitted)
    this.#following++
    socket.once('disconnect', () => {
      follower.end()
      if (--this.#following === 0) this.#snapshots.forget()
    })
    try {
      await within(beginTime, 'where the client begins', () => follower.begin(auth))
    } catch (error) {
      const { clock, log } = this.#parts
      const problem = problemOf(error, newId(clock.now()))
      log.error({ error, requestId: problem.requestId }, 'a client could not be told where it begins')
      socket.emit('ended', { problem })
      socket.disconnect(true)
    }
  }
}

/** A refusal as Socket.IO tells it: the client finds the problem in the error's `data`. */
function refusal(error: unknown, { clock }: LiveParts): Error {
  const problem = problemOf(error, newId(clock.now()))
  return Object.assign(new Error(problem.detail), { data: problem })
}

function tooMany(): WebError {
  return new WebError('WEB_CLIENTS_FULL', `${mostOfOne} clients of this account are connected already`, {
    status: 503,
    hint: 'Close some of them.',
  })
}

function noSuchPlace(): WebError {
  return new WebError('WEB_NAMESPACE_UNKNOWN', 'there is nothing in this namespace', {
    status: 404,
    hint: 'Connect to /live.',
  })
}
