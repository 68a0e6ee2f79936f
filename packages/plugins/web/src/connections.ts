import type { Socket } from 'node:net'

const limits = { connections: 1_000, pipelined: 16 }

interface Use {
  /** Requests that have come and are not answered yet. */
  requests: number
  /** Those of them that a handler works on. */
  working: number
}

/**
 * The connections of one server: bounded in number. When there are too many, the one goes that nothing is worked on
 * for the longest time, so that thousands that say nothing, or say it slowly, keep nobody out.
 */
export class Connections {
  readonly #open = new Map<Socket, Use>()
  #closing = false

  accept(socket: Socket): void {
    socket.once('close', () => this.#open.delete(socket))
    if (this.#open.size >= limits.connections) {
      const idle = this.#idlest()
      if (!idle) return void socket.destroy()
      this.#open.delete(idle)
      idle.destroy()
    }
    this.#open.set(socket, { requests: 0, working: 0 })
  }

  #idlest(): Socket | undefined {
    for (const [socket, { working }] of this.#open) if (working === 0) return socket
    return undefined
  }

  /** Counts a request in; false when so many of its connection wait already that the connection was ended. */
  begin(socket: Socket): boolean {
    const use = this.#open.get(socket)
    if (!use || use.requests >= limits.pipelined) {
      socket.destroy()
      return false
    }
    use.requests++
    return true
  }

  /** A handler works on a request from here until its end is called. */
  work(socket: Socket): void {
    const use = this.#open.get(socket)
    if (use) use.working++
  }

  end(socket: Socket, worked: boolean): void {
    const use = this.#open.get(socket)
    if (!use) return
    use.requests--
    if (worked) use.working--
    // To the end of the line: it was used last.
    this.#open.delete(socket)
    this.#open.set(socket, use)
    if (this.#closing && use.requests === 0) socket.end()
  }

  /** Whether a response of its own is under way there. */
  busy(socket: Socket): boolean {
    return (this.#open.get(socket)?.requests ?? 0) > 0
  }

  /** Ends what is idle now, and each other one after its last answer. */
  close(): void {
    this.#closing = true
    for (const [socket, { requests }] of this.#open) if (requests === 0) socket.destroy()
  }
}
