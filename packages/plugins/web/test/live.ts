import { createConnection, type Socket as Connection } from 'node:net'
import { Agent } from 'node:http'
import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client'
import { afterEach, expect } from 'vitest'
import {
  Frame,
  type Event,
  type Hello,
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
  readonly ended: { stream?: string; problem?: Problem }[] = []
  readonly hellos: Hello[] = []
  /** Every event that it was told, also by a hello, in the order that they came in. */
  readonly events: Event[] = []
  /** Packets of events, hellos apart. */
  packets = 0

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
    this.socket.on('hello', (hello) => {
      this.hellos.push(hello)
      if ('events' in hello) this.events.push(...hello.events)
    })
    this.socket.on('events', ({ events }) => {
      this.packets++
      this.events.push(...events)
    })
    open.push(this)
  }

  /** Resolves when it is connected; rejects with why it is not. */
  connected(): Promise<this> {
    return new Promise((resolve, reject) => {
      this.socket.once('connect', () => resolve(this))
      this.socket.once('connect_error', reject)
    })
  }

  /** What it was told where it begins, the last time. */
  async hello(): Promise<Hello> {
    await expect.poll(() => this.hellos.length).toBeGreaterThan(0)
    return this.hellos.at(-1)!
  }

  /** Resolves when it was told the event with that seq. */
  async reached(seq: number): Promise<void> {
    const last = () => this.events.at(-1)?.seq ?? this.hellos.at(-1)?.seq ?? -1
    await expect.poll(last, { timeout: 20_000 }).toBeGreaterThanOrEqual(seq)
  }

  /** The seqs of what it was told. */
  get seqs(): number[] {
    return this.events.map(({ seq }) => seq)
  }

  /** Stops to read what comes, as a program that hangs does, until called again. */
  pause(): () => void {
    const { ws } = (this.socket.io.engine as unknown as { transport: { ws: { _socket: Connection } } })
      .transport
    ws._socket.pause()
    return () => void ws._socket.resume()
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
