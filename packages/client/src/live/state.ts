import {
  coreProtocol,
  reduce,
  type Event,
  type Hello,
  type Slice,
  type State,
} from '@longshore/core/protocol'
import { ApiError, type ClientError } from '../errors.js'
import { failureOf, linkTo, type LivePlace, type LiveSocket } from './link.js'

export interface LiveOptions {
  /** The slices that the state is kept of: the core's, and those of the protocol doors of plugins. The core's unless given. */
  slices?: readonly Slice[]
  /** What an earlier connection knew, to go on from there. */
  from?: { seq: number; id?: string; state: State }
  signal?: AbortSignal
  /** Called at each change, before the next one: with what happened, or with nothing when a whole state came instead. */
  onState?(update: LiveUpdate): void
  /** Called when the connection is there, and when it is lost and looked for. */
  onLink?(linked: boolean): void
}

export interface LiveUpdate {
  /** After exactly the events up to `seq`; parts that did not change are the same objects as before. */
  state: State
  seq: number
  /** What has happened since the last update; undefined when the state was told anew. */
  events: readonly Event[] | undefined
}

/** Connects, and answers when the first state is there. Rejects when this client may not have it. */
export async function openLive(place: LivePlace, options: LiveOptions): Promise<LiveState> {
  options.signal?.throwIfAborted()
  const live = new LiveState(place, options)
  await live.ready
  return live
}

/**
 * The state of a Longshore, kept up to date. Over lost connections and restarts it goes on from the last event that it saw. As an
 * async iterable it gives the newest state whenever there is a newer one: whoever reads slowly skips those between.
 */
export class LiveState implements AsyncIterable<LiveUpdate> {
  /** Resolves with the first state. */
  readonly ready: Promise<void>
  readonly #socket: LiveSocket
  readonly #place: string
  readonly #options: LiveOptions
  readonly #slices: readonly Slice[]
  readonly #waiting = new Set<() => void>()
  #state: State
  #seq: number
  #id: string | undefined
  #known: boolean
  /** Counts the changes. */
  #version = 0
  #error: ClientError | undefined
  #closed = false

  constructor(place: LivePlace, options: LiveOptions) {
    this.#place = place.place
    this.#options = options
    this.#slices = (options.slices ?? coreProtocol.slices).filter(({ shown }) => shown !== undefined)
    this.#known = options.from !== undefined
    this.#state = options.from?.state ?? {}
    this.#seq = options.from?.seq ?? 0
    this.#id = options.from?.id
    this.#socket = linkTo(place, () => (this.#known ? { since: this.#seq, id: this.#id } : {}))
    this.ready = new Promise((resolve, reject) => {
      this.#socket.once('hello', () => resolve())
      this.#waiting.add(() => this.#error && reject(this.#error))
      options.signal?.addEventListener('abort', () => reject(options.signal!.reason as Error), { once: true })
    })
    this.#listen()
    options.signal?.addEventListener('abort', () => this.close(), { once: true })
    this.#socket.connect()
  }

  get state(): State {
    return this.#state
  }

  /** The seq of the last event that is in the state. */
  get seq(): number {
    return this.#seq
  }

  /** What a later `live` takes as `from`. */
  get at(): NonNullable<LiveOptions['from']> {
    return { seq: this.#seq, id: this.#id, state: this.#state }
  }

  close(): void {
    this.#closed = true
    this.#socket.disconnect()
    this.#tell()
  }

  /** Ends with `close`, and throws when the server says that this client may not be here any more. */
  async *[Symbol.asyncIterator](): AsyncGenerator<LiveUpdate> {
    for (let seen = -1; ;) {
      if (this.#error) throw this.#error
      if (this.#closed) return
      if (this.#version === seen || !this.#known) await this.#changed()
      else {
        seen = this.#version
        yield { state: this.#state, seq: this.#seq, events: undefined }
      }
    }
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake)
        resolve()
      }
      this.#waiting.add(wake)
    })
  }

  #listen(): void {
    const socket = this.#socket
    socket.on('connect', () => this.#options.onLink?.(true))
    socket.on('hello', (hello) => this.#greeted(hello))
    socket.on('events', ({ events }) => this.#take(events))
    socket.on('ended', ({ stream, problem }) => {
      if (stream === undefined && problem && problem.status < 500) this.#fail(new ApiError(problem))
    })
    socket.on('connect_error', (error) => {
      const failure = failureOf(this.#place, error)
      if (failure.final) this.#fail(failure.error)
      // What the server refuses is not tried again by itself.
      else if (!socket.active) this.#later()
    })
    socket.on('disconnect', () => {
      this.#options.onLink?.(false)
      if (!socket.active) this.#later()
    })
  }

  /** Socket.IO does not come back by itself where it was sent away. */
  #later(): void {
    setTimeout(() => !this.#closed && !this.#socket.active && this.#socket.connect(), 1_000)
  }

  #greeted(hello: Hello): void {
    this.#known = true
    if ('events' in hello) this.#take(hello.events)
    else {
      const names = new Set(this.#slices.map(({ name }) => name))
      // A slice that cannot be reduced on would stand still.
      this.#state = Object.fromEntries(Object.entries(hello.state).filter(([name]) => names.has(name)))
    }
    this.#seq = hello.seq
    this.#id = hello.id
    if ('state' in hello || hello.events.length === 0) this.#update(undefined)
  }

  #take(told: readonly Event[]): void {
    const events = told.filter(({ seq }) => seq > this.#seq)
    const newest = events.at(-1)
    if (!newest) return
    for (const event of events) this.#state = reduce(this.#state, event, this.#slices)
    this.#seq = newest.seq
    this.#id = newest.id
    this.#update(events)
  }

  #update(events: readonly Event[] | undefined): void {
    this.#version++
    this.#options.onState?.({ state: this.#state, seq: this.#seq, events })
    this.#tell()
  }

  #fail(error: ClientError): void {
    this.#error = error
    this.close()
  }

  #tell(): void {
    for (const wake of this.#waiting) wake()
  }
}
