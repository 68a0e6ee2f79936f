import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'

/** Answers a request that has come whole; `connection` counts from 1. */
export type Manners = (socket: Socket, connection: number) => void

/** A server that answers byte by byte as a test wants it to: nothing between the test and the wire. */
export class RawServer {
  manners: Manners
  /** Connections made so far. */
  connections = 0
  /** Requests that came so far. */
  requests = 0
  readonly sockets = new Set<Socket>()
  readonly #server: Server

  private constructor(manners: Manners, tls?: TlsOptions) {
    this.manners = manners
    const meet = (socket: Socket) => this.#meet(socket)
    this.#server = tls ? createTlsServer(tls, meet) : createServer(meet)
  }

  static async start(manners: Manners, tls?: TlsOptions): Promise<RawServer> {
    const server = new RawServer(manners, tls)
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #meet(socket: Socket): void {
    const connection = ++this.connections
    this.sockets.add(socket)
    let text = ''
    socket.on('error', () => undefined)
    socket.on('close', () => this.sockets.delete(socket))
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        text = text.slice(end + 4)
        this.requests++
        this.manners(socket, connection)
      }
    })
  }
}
