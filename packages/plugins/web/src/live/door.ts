import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { InputError, within, type Topic } from '@longshore/core'
import { WebError } from '../errors.js'
import { knockAt } from './admitted.js'
import type { LiveParts } from './client.js'
import type { LiveServer } from './server.js'

/** Clients at one door; the last places are for those who show who they are. */
const limits = { all: 250, strangers: 200 }
/** Milliseconds that clients have to say good-bye in when the server stops. */
const goodbye = 1_000

/** The topics by name. Two of one name are refused. */
export function placeTopics(topics: readonly Topic[]): Map<string, Topic> {
  const placed = new Map<string, Topic>()
  for (const topic of topics) {
    const { name } = topic.shape
    const other = placed.get(name)
    if (other) {
      throw new InputError(
        'WEB_TOPIC_TWICE',
        `the topic ${name} is declared by ${other.plugin} and by ${topic.plugin}`,
        { hint: 'Give one of the two another name, or remove one of the plugins.' },
      )
    }
    placed.set(name, topic)
  }
  return placed
}

/** Whether a request is for the sockets, and for nothing that only looks like them. */
export function isLive(url = ''): boolean {
  return /^\/socket\.io\/(?:\?|$)/.test(url)
}

/** Where clients of the sockets come in, at one door of the server. */
export class LiveDoor {
  readonly #parts: LiveParts
  /** Connections that are websockets by now, or are about to be. */
  readonly #taken = new Set<Duplex>()
  #server: Promise<LiveServer> | undefined
  #opened: LiveServer | undefined
  #closed = false

  constructor(parts: LiveParts) {
    this.#parts = parts
  }

  /** Clients that are connected. */
  get clients(): number {
    return this.#opened?.clients ?? 0
  }

  /** Answers a request of a client that polls. Whoever calls has checked its site. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const server = await this.#admit(request)
    server.answer(request, response)
  }

  /** Makes a websocket of a connection. Whoever calls has checked its site. */
  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    this.#taken.add(socket)
    socket.once('close', () => this.#taken.delete(socket))
    const server = await this.#admit(request)
    if (this.#closed) socket.destroy()
    else server.upgrade(request, socket, head)
  }

  async #admit(request: IncomingMessage): Promise<LiveServer> {
    const { known } = await knockAt(this.#parts, request)
    this.#server ??= import('./server.js').then(({ LiveServer }) => new LiveServer(this.#parts))
    const server = (this.#opened = await this.#server)
    const isNew = !sidOf(request.url)
    if (isNew && server.clients >= (known ? limits.all : limits.strangers)) {
      throw new WebError('WEB_CLIENTS_FULL', `${server.clients} clients are connected already`, {
        status: 503,
        hint: 'Close some of them; those who show the token have places of their own.',
        headers: { 'Retry-After': '10' },
      })
    }
    return server
  }

  /** Ends every client: in good order, and where that does not come about in time by closing its connection. */
  async close(): Promise<void> {
    this.#closed = true
    const server = await this.#server
    await server?.close()
    const gone = [...this.#taken].map((socket) => new Promise((resolve) => socket.once('close', resolve)))
    await within(goodbye, 'the good-byes', () => Promise.all(gone)).catch(() => {
      for (const socket of this.#taken) socket.destroy()
    })
  }
}

/** The session that a request says it is of, as Engine.IO reads it: the last one, and an empty one is none. */
function sidOf(url = ''): string | undefined {
  const at = url.indexOf('?')
  return at < 0 ? undefined : new URLSearchParams(url.slice(at + 1)).getAll('sid').at(-1)
}
