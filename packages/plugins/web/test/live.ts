import { createConnection } from 'node:net'
import { Agent } from 'node:http'
import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client'
import { afterEach } from 'vitest'
import {
  Frame,
  type LiveRequests,
  type LiveTellings,
  type Problem,
  type Watching,
} from '@longshore/core/protocol'
import type { Web } from './start.js'

type Options = Partial<ManagerOptions & SocketOptions>
type Asked = Parameters<LiveRequests['watch']>[0]

const open: Live[] = []

afterEach(() => {
  for (const client of open.splice(0)) client.socket.disconnect()
})

/** A client of a namespace, `/live` unless told otherwise, and all that it was told. */
export class Live {
  readonly socket: Socket<LiveTellings, LiveRequests>
  readonly frames: Frame[] = []
  readonly ended: { stream: string; problem?: Problem }[] = []

  constructor({ port, token }: Pick<Web, 'port' | 'token'>, options: Options = {}, namespace = '/live') {
    this.socket = io(`http://127.0.0.1:${port}${namespace}`, {
      forceNew: true,
      reconnection: false,
      transports: ['websocket'],
      auth: { token },
      ...options,
    })
    this.socket.on('frame', (frame) => void this.frames.push(Frame.parse(frame)))
    this.socket.on('ended', (ended) => void this.ended.push(ended))
    open.push(this)
  }

  /** Resolves when it is connected; rejects with why it is not. */
  connected(): Promise<this> {
    return new Promise((resolve, reject) => {
      this.socket.once('connect', () => resolve(this))
      this.socket.once('connect_error', reject)
    })
  }

  watch(asked: Asked): Promise<Watching> {
    return this.socket.timeout(10_000).emitWithAck('watch', asked)
  }

  /** The stream of something that can be watched, with so many frames granted. */
  async stream(asked: Asked, frames = 0): Promise<string> {
    const answer = await this.watch(asked)
    if ('problem' in answer) throw new Error(answer.problem.detail)
    if (frames > 0) this.grant(answer.stream, frames)
    return answer.stream
  }

  grant(stream: string, frames: number): void {
    this.socket.emit('credit', { stream, frames })
  }

  /** The text of a stream's frames so far. */
  text(stream: string): string {
    return this.#of(stream)
      .map((frame) => ('text' in frame ? frame.text : ''))
      .join('')
  }

  /** Lines that a stream was told, and lines that it was told it missed. */
  counted(stream: string): { lines: number; skipped: number } {
    const frames = this.#of(stream)
    const sum = (of: (frame: Frame) => number) => frames.reduce((total, frame) => total + of(frame), 0)
    return {
      lines: sum((frame) => ('text' in frame ? frame.lines : 0)),
      skipped: sum((frame) => frame.skipped),
    }
  }

  #of(stream: string): Frame[] {
    return this.frames.filter((frame) => frame.stream === stream)
  }
}

/** Connects through the socket of this account. */
export function overSocket({ socket }: Web): Options {
  const agent = new Agent()
  agent.createConnection = () => createConnection(socket)
  return { agent: agent as never }
}
