import { request, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { connect, isIP, type Socket } from 'node:net'
import { connect as secure, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls'
import { connectionFault, type Destination } from './network.js'

/** Bytes of an answer that are read. */
export const bodyMost = 2 ** 20

export interface Question {
  url: URL
  destination: Destination
  method: string
  headers: Record<string, string>
  body?: string
  insecure: boolean
}

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
  /** There was more than is read. */
  cut: boolean
  /** When the certificate ends, in milliseconds since the epoch; absent without TLS. */
  ends?: number
}

/**
 * Asks over a connection of its own, which is gone when this ends: looks share nothing, and one that a keep-alive would
 * leave half closed is never taken for an answer. No proxy is used. Throws what `connectionFault` says, or the signal's reason.
 */
export function ask(question: Question, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const { url, method, headers, body } = question
    const socket = open(question)
    let asked: ClientRequest | undefined = undefined
    const leave = () => {
      signal.removeEventListener('abort', abort)
      asked?.destroy()
      socket.destroy()
    }
    const fail = (error: unknown) => {
      leave()
      reject(signal.aborted ? signal.reason : connectionFault(error))
    }
    const abort = () => fail(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    const all = { 'user-agent': 'longshore', host: url.host, accept: '*/*', ...lowered(headers) }
    const path = `${url.pathname}${url.search}`
    // Also before the request has it: a handshake fails then.
    socket.on('error', fail)
    asked = request({ method, path, headers: all, createConnection: () => socket })
    asked.on('error', fail)
    asked.on('response', (response) => {
      read(response).then((got) => {
        const ends = endsOf(socket)
        leave()
        resolve({ status: response.statusCode!, headers: response.headers, ...got, ends })
      }, fail)
    })
    asked.end(body)
  })
}

/** Names of headers in lower case, so that what is given takes the place of what is added. */
function lowered(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

/** Roots are read once, not for each look. */
let roots: SecureContext | undefined

function open({ url, destination, insecure }: Question): Socket {
  const { host, lookup } = destination
  if (url.protocol === 'http:') return connect({ host, port: Number(url.port || 80), lookup, noDelay: true })
  return secure({
    host,
    port: Number(url.port || 443),
    lookup,
    servername: isIP(host) === 0 ? host : '',
    rejectUnauthorized: !insecure,
    secureContext: (roots ??= createSecureContext()),
    ALPNProtocols: ['http/1.1'],
  })
}

async function read(response: IncomingMessage): Promise<{ body: Buffer; cut: boolean }> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    length += chunk.length
    if (length > bodyMost) return { body: Buffer.concat(chunks).subarray(0, bodyMost), cut: true }
  }
  return { body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks), cut: false }
}

function endsOf(socket: Socket): number | undefined {
  if (!('getPeerCertificate' in socket)) return undefined
  const { valid_to: ends } = (socket as TLSSocket).getPeerCertificate()
  return ends ? Date.parse(ends) : undefined
}
