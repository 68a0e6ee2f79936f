import type { Frame, TopicShape, Watching } from '@longshore/core/protocol'
import { deadline, type Deadline } from '../deadline.js'
import { ApiError, wentAway } from '../errors.js'
import { failureOf, linkTo, type LivePlace, type LiveSocket } from './link.js'

/** One frame of what is watched: text, or samples. */
export type WatchedFrame = Frame

/** Frames that are granted and not read yet. */
const credit = 64
/** Milliseconds that the answer to `watch` may take, with the connection before it. */
const answerTime = 60_000

/** Watches by a connection of its own, which ends with it. */
export async function* watchAlone(
  place: LivePlace,
  topic: TopicShape,
  query: unknown,
  signal: AbortSignal | undefined,
): AsyncGenerator<WatchedFrame> {
  const socket = linkTo(place, () => ({ events: false }))
  socket.io.reconnection(false)
  const time = deadline(answerTime, place.place, signal)
  try {
    await connected(socket, place, time.signal)
    yield* watchOver(socket, place.place, topic, query, time)
  } finally {
    time.end()
    socket.disconnect()
  }
}

function connected(socket: LiveSocket, { place }: LivePlace, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    socket.once('connect', resolve)
    socket.once('connect_error', (error) => reject(failureOf(place, error).error))
    socket.connect()
  })
}

async function* watchOver(
  socket: LiveSocket,
  place: string,
  topic: TopicShape,
  query: unknown,
  time: Deadline,
): AsyncGenerator<WatchedFrame> {
  const frames = new Frames(socket, place, time.signal)
  try {
    const asked = { ...(query as object), topic: topic.name }
    const answer = await frames.answer(asked)
    if ('problem' in answer) throw new ApiError(answer.problem)
    time.met()
    yield* frames.of(answer.stream)
  } catch (error) {
    // Whoever ended it knows that it is over.
    if (!time.signal.aborted) throw error
    if (time.signal.reason instanceof Error && time.signal.reason.name !== 'AbortError')
      throw time.signal.reason
  } finally {
    frames.close()
  }
}

/** What came and was not read yet: never more than was granted. */
class Frames {
  readonly #socket: LiveSocket
  readonly #come: WatchedFrame[] = []
  #wake = () => {}
  readonly #place: string
  #answer: Watching | undefined
  #error: Error | undefined
  #ended = false

  constructor(socket: LiveSocket, place: string, signal: AbortSignal) {
    this.#socket = socket
    this.#place = place
    signal.addEventListener('abort', () => this.#end(signal.reason as Error), { once: true })
    socket.on('disconnect', () => this.#end(wentAway(place)))
    socket.on('ended', ({ problem }) => this.#end(problem && new ApiError(problem)))
    socket.on('frame', (frame) => {
      this.#come.push(frame)
      this.#wake()
    })
  }

  /** The answer to `watch`; rejects when it is over before. */
  async answer(asked: { topic: string }): Promise<Watching> {
    this.#socket.emit('watch', asked, (answer) => {
      this.#answer = answer
      this.#wake()
    })
    while (!this.#answer && !this.#ended) await this.#woken()
    if (this.#answer) return this.#answer
    throw this.#error ?? wentAway(this.#place)
  }

  async *of(stream: string): AsyncGenerator<WatchedFrame> {
    this.#grant(stream, credit)
    for (let taken = 0; ;) {
      for (let next = this.#come.shift(); next; next = this.#come.shift()) {
        yield next
        if (++taken % (credit / 2) === 0) this.#grant(stream, credit / 2)
      }
      if (this.#error) throw this.#error
      if (this.#ended) return
      await this.#woken()
    }
  }

  close(): void {
    this.#socket.off('disconnect').off('ended').off('frame')
  }

  #end(error: Error | undefined): void {
    if (!this.#ended) this.#error = error
    this.#ended = true
    this.#wake()
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve))
  }

  #grant(stream: string, frames: number): void {
    this.#socket.emit('credit', { stream, frames })
  }
}
