import { unreachable } from './errors.js'
import type { Transport, TransportAnswer, TransportRequest } from './transport.js'

/** Through `fetch`: in a browser, and wherever else there is one. Cookies go along only to the page's own origin. */
export class FetchTransport implements Transport {
  readonly place: string
  readonly live: { url: string }
  readonly #fetch: typeof globalThis.fetch

  constructor(url: URL, fetch: typeof globalThis.fetch = globalThis.fetch) {
    this.place = url.origin
    this.live = { url: url.origin }
    this.#fetch = fetch
  }

  async open({ path, method, headers, body, signal }: TransportRequest): Promise<TransportAnswer> {
    // Called on its own: a browser's refuses to be a method of something else.
    const fetch = this.#fetch
    try {
      const options = {
        method,
        headers,
        body,
        signal,
        credentials: 'same-origin',
        redirect: 'error',
      } as const
      const { status, body: stream } = await fetch(`${this.place}${path}`, options)
      return { status, chunks: this.#chunks(stream, signal) }
    } catch (error) {
      throw signal.aborted ? error : this.#broken(error)
    }
  }

  async *#chunks(stream: ReadableStream<Uint8Array> | null, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    if (!stream) return
    // Not every browser iterates a stream.
    const reader = stream.getReader()
    try {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return
        yield value
      }
    } catch (error) {
      throw signal.aborted ? error : this.#broken(error)
    } finally {
      await reader.cancel().catch(() => undefined)
    }
  }

  #broken(error: unknown) {
    return unreachable(this.place, ` (${error instanceof Error ? error.message : String(error)})`, error)
  }
}
