import { Agent, request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http'
import { createConnection } from 'node:net'
import { UnreachableError, unreachable } from '../errors.js'
import type { Transport, TransportAnswer, TransportRequest } from '../transport.js'

/** Through Node's HTTP, over TCP or to a unix socket. */
export class NodeTransport implements Transport {
  readonly place: string
  readonly live: Transport['live']
  readonly #url: URL | undefined
  readonly #where: RequestOptions

  constructor(where: URL | { socketPath: string }) {
    this.#url = where instanceof URL ? where : undefined
    this.place = where instanceof URL ? where.origin : where.socketPath
    this.#where = where instanceof URL ? addressOf(where) : where
    this.live = where instanceof URL ? { url: where.origin } : liveOver(where.socketPath)
  }

  async open({ body, signal, ...options }: TransportRequest): Promise<TransportAnswer> {
    const overTls = this.#url?.protocol === 'https:'
    const request = overTls ? (await import('node:https')).request : requestHttp
    // Node sends the body of a DELETE without its length, and then nobody knows where it ends.
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const headers = { host: this.#url?.host ?? 'localhost', ...options.headers, ...length }
    return new Promise((resolve, reject) => {
      const sent = request({ ...options, ...this.#where, signal, headers })
      sent.on('response', (answer) =>
        resolve({ status: answer.statusCode!, chunks: this.#chunks(answer, signal) }),
      )
      sent.on('error', (error) => reject(signal.aborted ? error : this.#broken(error)))
      sent.end(body)
    })
  }

  async *#chunks(answer: IncomingMessage, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of answer) yield chunk as Buffer
    } catch (error) {
      throw signal.aborted ? error : this.#broken(error as NodeJS.ErrnoException)
    }
  }

  #broken(cause: NodeJS.ErrnoException): UnreachableError {
    if (cause.code === 'EACCES') {
      return new UnreachableError('SOCKET_FORBIDDEN', `you may not open ${this.place}`, {
        cause,
        hint: 'Be the user that Longshore runs as, or root.',
      })
    }
    const known = cause.code === 'ENOENT' || cause.code === 'ECONNREFUSED'
    return unreachable(this.place, known ? '' : ` (${cause.message})`, cause)
  }
}

function addressOf({ hostname, port, protocol }: URL): RequestOptions {
  return { hostname: hostname.replace(/^\[|\]$/g, ''), port: port || undefined, protocol }
}

/** Socket.IO's client takes an agent in Node, though its types are those of a browser. */
function liveOver(socketPath: string): Transport['live'] {
  const agent = new Agent()
  agent.createConnection = () => createConnection(socketPath)
  return { url: 'http://localhost', options: { agent } }
}
