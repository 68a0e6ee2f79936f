import type { Clock, Journal } from '@longshore/core'
import type { Event } from '@longshore/core/protocol'

/** Milliseconds after which a quiet stream says that it lives. */
const beat = 15_000
/** Characters that are handed over at once. */
const chunkSize = 65_536

interface StreamParts {
  journal: Journal
  clock: Clock
  /** The seq after which the stream begins. */
  from: number
  matches(event: Event): boolean
  signal: AbortSignal
}

/**
 * The journal in the format of Server-Sent Events (WHATWG HTML, section 9.2): one message per event with its seq as id.
 * Holds one batch, whatever the client reads. A heartbeat carries the seq looked at last as an id without data: it
 * wakes nobody, and whoever comes back after hours of a filter that let nothing through does not look at it all again.
 */
export async function* eventStream({
  journal,
  clock,
  from,
  matches,
  signal,
}: StreamParts): AsyncGenerator<string> {
  const batches = new Ahead(journal.follow(from, signal)[Symbol.asyncIterator](), clock)
  let seen = from
  let said = clock.monotonic()
  try {
    while (!signal.aborted) {
      const batch = await batches.next(said + beat - clock.monotonic())
      if (batch?.done) return
      for (const text of chunks(batch?.value.filter(matches) ?? [])) {
        yield text
        said = clock.monotonic()
      }
      seen = batch?.value.at(-1)?.seq ?? seen
      if (clock.monotonic() - said < beat) continue
      yield `: beat\nid: ${seen}\n\n`
      said = clock.monotonic()
    }
  } finally {
    await batches.end()
  }
}

/** Reads one step ahead, so that waiting for it can be given up and taken up again; waits leave nothing behind. */
class Ahead<T> {
  readonly #iterator: AsyncIterator<T>
  readonly #clock: Clock
  #step: Promise<IteratorResult<T>> | undefined
  #come = false
  #wake = () => {}

  constructor(iterator: AsyncIterator<T>, clock: Clock) {
    this.#iterator = iterator
    this.#clock = clock
  }

  /** The next step, or undefined when it takes longer than so many milliseconds. */
  async next(milliseconds: number): Promise<IteratorResult<T> | undefined> {
    const step = (this.#step ??= this.#begin())
    if (!this.#come) await this.#wait(milliseconds)
    if (!this.#come) return undefined
    this.#step = undefined
    return step
  }

  async end(): Promise<void> {
    await this.#iterator.return?.()
  }

  #begin(): Promise<IteratorResult<T>> {
    this.#come = false
    const step = this.#iterator.next()
    const come = () => {
      this.#come = true
      this.#wake()
    }
    step.then(come, come)
    return step
  }

  async #wait(milliseconds: number): Promise<void> {
    const timer = new AbortController()
    const elapsed = this.#clock.sleep(Math.max(0, milliseconds), timer.signal).catch(() => undefined)
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      void elapsed.then(resolve)
    })
    timer.abort()
  }
}

function* chunks(events: Event[]): Generator<string> {
  let text = ''
  for (const event of events) {
    text += `id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`
    if (text.length < chunkSize) continue
    yield text
    text = ''
  }
  if (text !== '') yield text
}
