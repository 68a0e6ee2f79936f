import http from 'node:http'
import https from 'node:https'
import { DeadlineError, LongshoreError } from '@longshore/core'
import { answerFault, authFault, notFound, redirectFault, tlsFault, unreachable } from '../errors.js'
import type { Limiter } from '../limiter.js'

export interface Exchange {
  url: URL
  method: 'GET' | 'POST'
  headers: Record<string, string>
  body?: string
  /** The content type that the answer must have. */
  expect: string
  /** Bytes that the answer may have. */
  limit: number
  signal: AbortSignal
  /** Takes the answer as it comes; false: that was enough. A throw ends the exchange. */
  take: (chunk: Buffer) => boolean | void
}

/** Milliseconds that a server has for a whole answer, from when its turn came. */
const deadline = 20_000
const idle = 55_000

/** Small exchanges over connections that are kept open. Nothing is followed: a redirect is an error. */
export class HttpClient {
  readonly #agents = {
    'http:': new http.Agent({ keepAlive: true, timeout: idle, scheduling: 'lifo' }),
    'https:': new https.Agent({ keepAlive: true, timeout: idle, scheduling: 'lifo' }),
  }
  readonly #limiter: Limiter

  constructor(limiter: Limiter) {
    this.#limiter = limiter
  }

  /** Resolves when the answer was taken whole, or enough of it. */
  exchange(exchange: Exchange): Promise<void> {
    return this.#limiter.run(exchange.url.host, exchange.signal, async () => {
      try {
        await this.#once(exchange, this.#agents[exchange.url.protocol as 'http:' | 'https:'])
      } catch (error) {
        // A kept connection may have been closed by the server at the very moment it was used again.
        if (!(error instanceof StaleConnection)) throw error
        await this.#once(exchange, false)
      }
    })
  }

  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy()
  }

  /** `agent` false: over a connection of its own. */
  #once(exchange: Exchange, agent: http.Agent | false): Promise<void> {
    const { url, method, headers, body, signal } = exchange
    return new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
      const request = (url.protocol === 'https:' ? https : http).request(url, {
        agent,
        method,
        headers: { 'user-agent': 'git/2 longshore', accept: '*/*', ...headers, ...length },
      })
      const timer = setTimeout(() => request.destroy(late()), deadline)
      const abort = () => request.destroy(signal.reason as Error)
      signal.addEventListener('abort', abort, { once: true })
      const settle = (error?: unknown) => {
        clearTimeout(timer)
        signal.removeEventListener('abort', abort)
        if (error === undefined) resolve()
        else reject(error as Error)
      }
      request.on('error', (error) => settle(signal.aborted ? signal.reason : transportFault(error, request)))
      request.on('response', (response) => {
        receive(response, exchange).then(
          () => settle(),
          (error: Error) => {
            request.destroy()
            settle(error)
          },
        )
      })
      request.end(body)
    })
  }
}

class StaleConnection extends Error {}

/** Takes an answer by its events: an iterator over a stream costs more than the rest of a look. */
function receive(response: http.IncomingMessage, { expect, limit, take, signal }: Exchange): Promise<void> {
  return new Promise((resolve, reject) => {
    const fault = statusFault(response)
    if (fault) throw fault
    if (response.headers['content-type'] !== expect) {
      throw answerFault('it has another content type than a git server gives')
    }
    let bytes = 0
    response.on('data', (chunk: Buffer) => {
      try {
        bytes += chunk.length
        if (bytes > limit) throw answerFault(`it is longer than ${limit} bytes`)
        if (take(chunk) !== false) return
        resolve()
      } catch (error) {
        reject(error as Error)
      }
      response.destroy()
    })
    response.on('end', resolve)
    response.on('error', () =>
      reject(signal.aborted ? (signal.reason as Error) : unreachable('the connection broke')),
    )
    response.on('close', () => response.complete || reject(unreachable('the connection broke')))
  })
}

function statusFault({ statusCode = 0, headers }: http.IncomingMessage): LongshoreError | undefined {
  if (statusCode === 200) return undefined
  const said = `HTTP ${statusCode}`
  if (statusCode === 401 || statusCode === 403) return authFault(said)
  if (statusCode === 404 || statusCode === 410) return notFound(said)
  if (statusCode >= 300 && statusCode < 400) return redirectFault(headers.location)
  return unreachable(said)
}

function late(): DeadlineError {
  return new DeadlineError('GIT_UNREACHABLE', `the git server did not answer within ${deadline} ms`, {
    hint: 'Check the address, the network and the server; it is tried again by itself.',
  })
}

function transportFault(error: Error, request: http.ClientRequest): Error {
  if (error instanceof LongshoreError) return error
  const code = (error as NodeJS.ErrnoException).code ?? ''
  if (request.reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE')) return new StaleConnection()
  if (/CERT|TLS|SSL|SELF_SIGNED|ISSUER|ALTNAME/.test(code)) return tlsFault(code)
  return unreachable(code || 'the connection broke')
}
