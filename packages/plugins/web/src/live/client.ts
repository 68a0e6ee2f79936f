import type { Server, Socket } from 'socket.io'
import { Bell, newId, within, type Clock, type Topic } from '@longshore/core'
import { Credit, Unwatch, Watch } from '@longshore/core/protocol'
import type {
  LiveAuth,
  LiveTellings,
  Problem,
  Slice,
  TopicFrame,
  TopicShape,
  Watching,
} from '@longshore/core/protocol'
import { WebError } from '../errors.js'
import { check } from '../input.js'
import type { Places } from '../places.js'
import { problemOf } from '../problem.js'
import type { Admission, Admitted } from './admitted.js'
import type { FrameSender } from './frames.js'
import { unread } from './guard.js'
import { Stream } from './stream.js'
import type { TapeParts } from './tape.js'

/** Streams of one client. */
const mostStreams = 32
/** Milliseconds that a topic may take to say whether there is something to watch. */
const answerTime = 60_000

export interface LiveParts extends Admission, TapeParts {
  topics: ReadonlyMap<string, Topic>
  /** Where streams take their places, those of the REST API too. */
  streams: Places
  slices: readonly Slice[]
  clock: Clock
}

/** What clients may send: anything at all. */
type Requests = Record<'watch' | 'credit' | 'unwatch', (...sent: unknown[]) => void>
type Nothing = Record<never, never>
/** Who a client is, and what it gave when it connected. */
interface Known {
  admitted: Admitted
  auth: LiveAuth
}
export type LiveIo = Server<Requests, LiveTellings, Nothing, Known>
export type LiveSocket = Socket<Requests, LiveTellings, Nothing, Known>

/** What a client watches. */
interface Watched {
  stream: Stream
  topic: TopicShape
  service: string | undefined
}

/** One client of `/live`: what it watches. */
export class LiveClient {
  readonly #socket: LiveSocket
  readonly #parts: LiveParts
  readonly #frames: FrameSender
  readonly #streams = new Map<string, Watched>()
  readonly #sent = new Bell()
  #last = 0

  constructor(socket: LiveSocket, parts: LiveParts, frames: FrameSender) {
    this.#socket = socket
    this.#parts = parts
    this.#frames = frames
    const drained = () => this.#sent.ring()
    const undo = socket.data.admitted.onChange(() => void this.#recheck())
    socket.conn.on('drain', drained)
    socket.on('watch', (asked, answer) => void this.#answer(asked, answer))
    socket.on('credit', (sent) => {
      const { data } = Credit.safeParse(sent)
      if (data) this.#streams.get(data.stream)?.stream.grant(data.frames)
    })
    socket.on('unwatch', (sent) => {
      const { data } = Unwatch.safeParse(sent)
      if (data) this.#streams.get(data.stream)?.stream.end()
    })
    socket.on('disconnect', () => {
      undo()
      socket.conn.off('drain', drained)
      for (const { stream } of this.#streams.values()) stream.end()
    })
  }

  /** What it may not watch any more ends, and with its last right the connection. */
  async #recheck(): Promise<void> {
    const { admitted } = this.#socket.data
    for (const [id, { stream, topic, service }] of this.#streams) {
      const problem = await this.#refusal(admitted.mayWatch(topic.name, topic.right, service))
      if (!problem || stream.signal.aborted) continue
      stream.end()
      this.#socket.emit('ended', { stream: id, problem })
    }
    const problem = await this.#refusal(admitted.stay())
    if (!problem) return
    this.#socket.emit('ended', { problem })
    this.#socket.disconnect(true)
  }

  #refusal(asked: Promise<void>): Promise<Problem | undefined> {
    return asked.then(
      () => undefined,
      (error: unknown) => this.#problem(error),
    )
  }

  /** A client that waits for no answer would never know its stream. */
  async #answer(asked: unknown, answer: unknown): Promise<void> {
    if (typeof answer !== 'function') return
    const tell = answer as (watching: Watching) => void
    const id = String(++this.#last)
    const stream = new Stream()
    let leave = () => {}
    try {
      const { topic, query, service } = await this.#admit(asked)
      leave = this.#parts.streams.take(this.#socket.data.admitted.caller)
      this.#streams.set(id, { stream, topic: topic.shape, service })
      const begin = (signal: AbortSignal) => topic.watch(query, signal)
      const frames = await within(answerTime, `watching ${topic.shape.name}`, begin, stream.signal)
      tell({ stream: id })
      await this.#pump(id, stream, frames)
    } catch (error) {
      tell({ problem: this.#problem(error) })
    } finally {
      stream.end()
      this.#streams.delete(id)
      leave()
    }
  }

  /** The topic that is asked for, and its query, when this client may watch it. */
  async #admit(asked: unknown): Promise<{ topic: Topic; query: unknown; service: string | undefined }> {
    const { topic: name, ...rest } = check('watch', Watch, asked)
    const { topics } = this.#parts
    const topic = topics.get(name)
    if (!topic) throw unknownTopic(name, [...topics.keys()])
    const query = check('watch', topic.shape.query, rest) as { service?: string }
    await this.#socket.data.admitted.mayWatch(name, topic.shape.right, query.service)
    if (this.#streams.size >= mostStreams) throw tooMany()
    return { topic, query, service: query.service }
  }

  async #pump(id: string, stream: Stream, frames: AsyncIterable<TopicFrame>): Promise<void> {
    let problem: Problem | undefined
    try {
      await stream.pump(
        frames,
        (signal) => this.#ready(signal),
        (frame, seq) => this.#frames.send(this.#socket, id, seq, frame),
      )
    } catch (error) {
      problem = this.#problem(error)
    }
    if (!stream.signal.aborted) this.#socket.emit('ended', { stream: id, problem })
  }

  /** Resolves when what was sent before is on its way: a client that does not read is sent nothing more. */
  async #ready(signal: AbortSignal): Promise<void> {
    while (unread(this.#socket.conn) > 0 && !signal.aborted) await this.#sent.heard(signal)
  }

  #problem(error: unknown): Problem {
    const { clock, log } = this.#parts
    const problem = problemOf(error, newId(clock.now()))
    if (problem.status >= 500) log.error({ error, requestId: problem.requestId }, 'a watch failed')
    return problem
  }
}

function unknownTopic(name: string, topics: string[]): WebError {
  return new WebError('WEB_TOPIC_UNKNOWN', `there is no topic ${JSON.stringify(name.slice(0, 100))}`, {
    status: 404,
    hint: `There are: ${topics.join(', ')}.`,
  })
}

function tooMany(): WebError {
  return new WebError('WEB_WATCHES_FULL', `this client watches ${mostStreams} things already`, {
    status: 503,
    hint: 'End one by unwatch first.',
  })
}
