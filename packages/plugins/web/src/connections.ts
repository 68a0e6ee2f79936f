import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

const limits = { connections: 1_000, pipelined: 16 }

/** The answers that a connection still waits for, and whether a handler works on them. */
type Waiting = Map<ServerResponse, boolean>

/**
 * The connections of one server: bounded in number. When there are too many, the one goes that nothing is worked on
 * for the longest time, so that thousands that say nothing, or say it slowly, keep nobody out.
 */
export class Connections {
  readonly #open = new Map<Socket, Waiting>()
  #closing = false

  /** Those that are open and that nobody else took over. */
  get count(): number {
    return this.#open.size
  }

  accept(socket: Socket): void {
    if (this.#open.has(socket)) return
    const waiting: Waiting = new Map()
    socket.once('close', () => {
      this.#open.delete(socket)
      for (const response of waiting.keys()) giveUp(response)
    })
    if (this.#open.size >= limits.connections) {
      const idle = this.#idlest()
      if (!idle) return void socket.destroy()
      this.#open.delete(idle)
      idle.destroy()
    }
    this.#open.set(socket, waiting)
  }

  #idlest(): Socket | undefined {
    for (const [socket, waiting] of this.#open) if (![...waiting.values()].includes(true)) return socket
    return undefined
  }

  /** Counts a request in; false when so many of its connection wait already that the connection was ended. */
  begin(socket: Socket, response: ServerResponse): boolean {
    const waiting = this.#open.get(socket)
    if (!waiting || waiting.size >= limits.pipelined) {
      socket.destroy()
      return false
    }
    waiting.set(response, false)
    response.once('close', () => this.#end(socket, response))
    return true
  }

  /** A handler works on a request from here until its answer is closed. */
  work(socket: Socket, response: ServerResponse): void {
    this.#open.get(socket)?.set(response, true)
  }

  #end(socket: Socket, response: ServerResponse): void {
    const waiting = this.#open.get(socket)
    if (!waiting) return
    waiting.delete(response)
    // To the end of the line: it was used last.
    this.#open.delete(socket)
    this.#open.set(socket, waiting)
    if (this.#closing && waiting.size === 0) socket.end()
  }

  /** It is no connection of requests any more: whoever took it over sees to it. */
  release(socket: Socket): void {
    this.#open.delete(socket)
  }

  /** Whether a response of its own is under way there. */
  busy(socket: Socket): boolean {
    return (this.#open.get(socket)?.size ?? 0) > 0
  }

  /** Ends what is idle now, and each other one after its last answer. */
  close(): void {
    this.#closing = true
    for (const [socket, waiting] of this.#open) if (waiting.size === 0) socket.destroy()
  }
}

/** Node closes only the answer that has its turn on a connection: those behind it would be worked on for nobody. */
function giveUp(response: ServerResponse): void {
  if (response.socket) return
  response.destroy()
  response.emit('close')
}
