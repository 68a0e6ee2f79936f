import { createServer, type RequestListener, type Server } from 'node:http'
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server as TcpServer,
  type Socket,
} from 'node:net'
import type { CheckTarget, Verdict } from '@longshore/core'
import { deadline } from '@longshore/core'
import { afterEach } from 'vitest'

const open: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()))
})

/** What listens on a free port of this machine until the test is over; its connections are counted. */
export interface Host {
  port: number
  /** Connections that are open now. */
  connections(): Promise<number>
}

async function listen(server: Server | TcpServer, address: string): Promise<Host> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, address, resolve))
  open.push({
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(resolve))
    },
  })
  const connections = () =>
    new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)))
  return { port: (server.address() as AddressInfo).port, connections }
}

export function serveHttp(answer: RequestListener, address = '127.0.0.1'): Promise<Host> {
  return listen(createServer(answer), address)
}

export function serveTcp(answer: (socket: Socket) => void): Promise<Host> {
  // One that reads notices when its client has gone.
  const reads = (socket: Socket) => {
    socket.resume()
    answer(socket)
  }
  return listen(createTcpServer(reads), '127.0.0.1')
}

const commit = {
  sha: 'a'.repeat(40),
  author: 'ines',
  time: '2026-01-01T00:00:00.000Z',
  message: 'one',
  parents: [],
}

export function targetOf<Check>(check: Check): CheckTarget<Check & { timeout: number }> {
  const timeout = 2_000
  return {
    service: 'hello',
    host: 'test',
    name: 'ready',
    check: { timeout, ...check },
    deployment: '0'.repeat(16),
    commit,
    since: Date.now(),
  }
}

/** A signal as the scheduler gives it. */
export function lateAfter(milliseconds: number): AbortSignal {
  return deadline(milliseconds)
}

export function reasonOf(verdict: Verdict): string {
  return verdict.state === 'healthy' ? 'healthy' : `${verdict.state}: ${verdict.reason}`
}
