import { DeadlineError, type LongshoreError } from '@longshore/core'
import { answerFault, authFault, notFound, redirectFault, unreachable } from '../errors.js'
import type { Limiter } from '../limiter.js'
import { AnswerReader, type AnswerHead } from './answer.js'
import { Connection, StaleConnection, type Secure } from './connection.js'

export interface Exchange {
  url: URL
  /** As `writeRequest` makes it. */
  request: string
  /** The content type that the answer must have. */
  expect: string
  /** Bytes that the answer may have. */
  limit: number
  signal: AbortSignal
  /** Takes the answer as it comes, a piece valid only during the call; false: that was enough. A throw ends the exchange. */
  take: (chunk: Buffer) => boolean | void
}

/** Where requests of one origin go. */
interface Origin {
  /** The one used last at the end: the fewer are in use, the warmer they are. */
  free: Connection[]
  secure: Secure
}

/** Milliseconds that a server has for a whole answer, from when its turn came. */
const deadline = 20_000

/** Small exchanges over connections that are kept open. Nothing is followed: a redirect is an error. */
export class HttpClient {
  readonly #origins = new Map<string, Origin>()
  readonly #connections = new Set<Connection>()
  readonly #limiter: Limiter

  readonly #ca: string | undefined

  /** `ca`: the authority to trust in place of those of the machine: for tests. */
  constructor(limiter: Limiter, ca?: string) {
    this.#limiter = limiter
    this.#ca = ca
  }

  /** Resolves when the answer was taken whole, or enough of it. */
  exchange(exchange: Exchange): Promise<void> {
    return this.#limiter.run(exchange.url.host, exchange.signal, () => this.#turn(exchange))
  }

  close(): void {
    for (const connection of this.#connections) connection.destroy(unreachable('Longshore is stopping'))
  }

  async #turn(exchange: Exchange): Promise<void> {
    exchange.signal.throwIfAborted()
    const origin = this.#originOf(exchange.url)
    const kept = origin.free.pop()
    try {
      return await this.#over(kept ?? this.#connect(exchange.url, origin), origin, exchange)
    } catch (error) {
      if (!(error instanceof StaleConnection)) throw error
    }
    exchange.signal.throwIfAborted()
    return this.#over(this.#connect(exchange.url, origin), origin, exchange)
  }

  #originOf({ origin: name }: URL): Origin {
    const origin = this.#origins.get(name) ?? { free: [], secure: { ca: this.#ca } }
    this.#origins.set(name, origin)
    return origin
  }

  #connect(url: URL, { free, secure }: Origin): Connection {
    const closed = (gone: Connection) => {
      this.#connections.delete(gone)
      const at = free.indexOf(gone)
      if (at >= 0) free.splice(at, 1)
    }
    const connection = new Connection(url, secure, closed)
    this.#connections.add(connection)
    return connection
  }

  #over(connection: Connection, { free }: Origin, exchange: Exchange): Promise<void> {
    const { request, signal } = exchange
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => connection.destroy(late()), deadline)
      const abort = () => connection.destroy(signal.reason as Error)
      signal.addEventListener('abort', abort, { once: true })
      connection.send(request, reader(exchange), (error) => {
        clearTimeout(timer)
        signal.removeEventListener('abort', abort)
        if (connection.free) free.push(connection)
        if (error) reject(error)
        else resolve()
      })
    })
  }
}

/** The bytes of a request, so that one that is sent again and again is written once. */
export function writeRequest(url: URL, headers: Record<string, string>, body?: string): string {
  const fields = Object.entries({
    host: url.host,
    'user-agent': 'git/2 longshore',
    accept: '*/*',
    ...headers,
    ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
  })
  const opening = `${body === undefined ? 'GET' : 'POST'} ${url.pathname}${url.search} HTTP/1.1`
  const lines = [opening, ...fields.map(([name, value]) => `${name}: ${value}`)]
  // A line break within a value would begin a field, or another request.
  if (lines.some((line) => !/^[\x20-\x7e]*$/.test(line))) throw unreachable('the request cannot be written')
  return `${lines.join('\r\n')}\r\n\r\n${body ?? ''}`
}

function reader({ expect, limit, take }: Exchange): AnswerReader {
  let bytes = 0
  return new AnswerReader({
    head(head) {
      const fault = statusFault(head)
      if (fault) throw fault
      if (head.fields.get('content-type') !== expect)
        throw answerFault('it has another content type than a git server gives')
    },
    body(chunk) {
      bytes += chunk.length
      if (bytes > limit) throw answerFault(`it is longer than ${limit} bytes`)
      return take(chunk)
    },
  })
}

function statusFault({ status, fields }: AnswerHead): LongshoreError | undefined {
  if (status === 200) return undefined
  const said = `HTTP ${status}`
  if (status === 401 || status === 403) return authFault(said)
  if (status === 404 || status === 410) return notFound(said)
  if (status >= 300 && status < 400) return redirectFault(fields.get('location'))
  return unreachable(said)
}

function late(): DeadlineError {
  return new DeadlineError('GIT_UNREACHABLE', `the git server did not answer within ${deadline} ms`, {
    hint: 'Check the address, the network and the server; it is tried again by itself.',
  })
}
