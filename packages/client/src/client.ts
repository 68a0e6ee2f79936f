import { coreRoutes, type Event, type RouteShape, type TopicShape } from '@longshore/core/protocol'
import type { z } from 'zod'
import { deadline } from './deadline.js'
import { answerOf, problemOf } from './errors.js'
import { followEvents, type StreamQuery } from './events.js'
import { FetchTransport } from './fetch.js'
import { textIn } from './lines.js'
import type { LiveOptions, LiveState } from './live/state.js'
import type { WatchedFrame } from './live/watch.js'
import { headersOf, pathOf, type Answer, type CallInput, type CallOptions } from './request.js'
import { again, newKey } from './retry.js'
import type { Transport } from './transport.js'

export interface ClientOptions {
  /** Where Longshore answers; of a page of its own `location.origin`. */
  url: string | URL
  /** Left out where a cookie says who it is, or the machine. */
  token?: string
  /** Instead of the global one. */
  fetch?: typeof globalThis.fetch
}

const answerTime = 60_000

/** A client of the API at that address. Nothing is asked before something is called. */
export function createClient({ url, token, fetch }: ClientOptions): Client {
  return new Client(new FetchTransport(new URL(url), fetch), token)
}

/**
 * The REST API and the live socket, typed by the shapes of routes and topics: the core's `coreRoutes` and `coreTopics`, and those
 * that the protocol doors of plugins export, whoever wrote them. Rejects with `ApiError` when the API says no, and with
 * `UnreachableError` when nobody answers, or not in time.
 */
export class Client {
  readonly #transport: Transport
  readonly #token: string | undefined

  constructor(transport: Transport, token?: string) {
    this.#transport = transport
    this.#token = token
  }

  /** The address as people read it. */
  get place(): string {
    return this.#transport.place
  }

  /** Asks a route and answers its JSON. */
  async call<S extends RouteShape>(
    shape: S,
    input: CallInput<S> = {},
    options: CallOptions = {},
  ): Promise<Answer<S>> {
    const time = deadline(options.timeout ?? answerTime, this.place, options.signal)
    try {
      const chunks = await this.#open(shape, input, options, time.signal)
      return answerOf(await textIn(chunks)) as Answer<S>
    } catch (error) {
      throw time.signal.aborted ? time.signal.reason : error
    } finally {
      time.end()
    }
  }

  /**
   * Asks a POST so that it is done once, however often it has to be asked: under one key, again when the connection broke before
   * the answer was there, or when the server was too busy; four times at most.
   */
  callOnce<S extends RouteShape>(
    shape: S,
    input: CallInput<S> = {},
    options: CallOptions = {},
  ): Promise<Answer<S>> {
    const idempotencyKey = options.idempotencyKey ?? newKey()
    return again(options.signal, () => this.call(shape, input, { ...options, idempotencyKey }))
  }

  /** Asks a route that answers a stream; it ends when the server, the reader or the signal ends it. */
  async stream<S extends RouteShape>(
    shape: S,
    input: CallInput<S> = {},
    options: CallOptions = {},
  ): Promise<AsyncIterable<Uint8Array>> {
    const time = deadline(options.timeout ?? answerTime, this.place, options.signal)
    try {
      const chunks = await this.#open(shape, input, options, time.signal)
      time.met()
      return endingWith(chunks, time.end)
    } catch (error) {
      time.end()
      throw time.signal.aborted ? time.signal.reason : error
    }
  }

  /** Every event after the seq `after` that fits, in order and without gap, until the signal aborts; a restart is waited for. */
  events(query: StreamQuery, after: number, signal: AbortSignal): AsyncGenerator<Event> {
    const open = (asked: StreamQuery) => this.stream(coreRoutes.eventStream, { query: asked }, { signal })
    return followEvents(open, query, after, signal)
  }

  /** The state, kept up to date by what happens, until its `close` or the signal; it comes back by itself. */
  async live(options: LiveOptions = {}): Promise<LiveState> {
    const { openLive } = await import('./live/state.js')
    return openLive(this.#live, options)
  }

  /** What a topic tells, frame by frame, as fast as it is read; ends with the topic, the loop or the signal. */
  async *watch<T extends TopicShape>(
    topic: T,
    query: z.input<T['query']>,
    signal?: AbortSignal,
  ): AsyncGenerator<WatchedFrame> {
    const { watchAlone } = await import('./live/watch.js')
    yield* watchAlone(this.#live, topic, query, signal)
  }

  get #live() {
    return { ...this.#transport.live, place: this.place, token: this.#token }
  }

  async #open(
    shape: RouteShape,
    input: CallInput<RouteShape>,
    options: CallOptions,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>> {
    const body = input.body === undefined ? undefined : JSON.stringify(input.body)
    const { status, chunks } = await this.#transport.open({
      method: shape.method,
      path: pathOf(shape, input),
      headers: headersOf(this.#token, body, options),
      body,
      signal,
    })
    if (status < 400) return chunks
    throw problemOf(status, await textIn(chunks))
  }
}

async function* endingWith<T>(stream: AsyncIterable<T>, end: () => void): AsyncGenerator<T> {
  try {
    yield* stream
  } finally {
    end()
  }
}
