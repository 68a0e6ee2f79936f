import net from 'node:net'
import tls from 'node:tls'
import type { LongshoreError } from '@longshore/core'
import { tlsFault, unreachable } from '../errors.js'
import type { AnswerReader } from './answer.js'

/** Milliseconds that a connection may lie idle. */
const idle = 55_000
/** A connection is given up so many milliseconds before the server would, lest both act at once. */
const margin = 1_000
const readSize = 16_384

/** The server closed a kept connection, perhaps at the very moment it was used again, and answered nothing. */
export class StaleConnection extends Error {}

/** What TLS connections to one place share. */
export interface Secure {
  /** The authority to trust in place of those of the machine: for tests. */
  ca?: string | undefined
  /** What lets the next connection do without most of the handshake. */
  session?: Buffer | undefined
}

interface Use {
  answer: AnswerReader
  done: (error?: Error) => void
}

/**
 * One TCP or TLS connection for one exchange after another. It is on `node:net`, because most of what a look costs with
 * `node:http` is the machinery around it: agents, streams and events for each request.
 */
export class Connection {
  readonly #socket: net.Socket
  readonly #closed: (connection: Connection) => void
  #use: Use | undefined
  #idle = idle
  #used = false
  #open = true

  /** `closed`: told once, when it cannot be used any more. */
  constructor(url: URL, secure: Secure, closed: (connection: Connection) => void) {
    this.#closed = closed
    this.#socket = connect(url, this.#onread(), secure)
    this.#socket.on('timeout', () => this.#quiet())
    this.#socket.setTimeout(idle)
    this.#socket.on('error', (error) => this.destroy(this.#fault(error)))
    this.#socket.on('end', () => this.#ended())
    this.#socket.on('close', () => this.#ended())
  }

  /** Sends a request once the connection stands, and with TLS once the server has proved who it is. `done` is told once. */
  send(request: string, answer: AnswerReader, done: (error?: Error) => void): void {
    this.#use = { answer, done }
    if (this.#socket instanceof tls.TLSSocket && !this.#used) {
      this.#socket.once('secureConnect', () => this.#open && this.#socket.write(request))
    } else this.#socket.write(request)
  }

  /** Whether it can carry another exchange. */
  get free(): boolean {
    return this.#open && this.#use === undefined
  }

  /** Closes it at once; whoever waits for an answer is told why. */
  destroy(why: Error): void {
    if (!this.#open) return
    this.#open = false
    this.#socket.destroy()
    this.#closed(this)
    this.#finish(why)
  }

  #onread(): net.OnReadOpts {
    return {
      buffer: Buffer.allocUnsafeSlow(readSize),
      callback: (bytes, buffer) => {
        this.#read((buffer as Buffer).subarray(0, bytes))
        return true
      },
    }
  }

  #read(chunk: Buffer): void {
    if (!this.#open) return
    // Bytes that nobody asked for would be taken for the next answer.
    if (!this.#use) return this.destroy(unreachable('the connection broke'))
    const { answer } = this.#use
    try {
      if (!answer.push(chunk)) return
    } catch (error) {
      return this.destroy(error as Error)
    }
    this.#whole(answer)
  }

  #whole({ reusable, keepAlive }: AnswerReader): void {
    const kept = keepAlive === undefined ? idle : Math.min(idle, keepAlive * 1_000 - margin)
    if (!reusable || kept <= 0) this.#close()
    else if (kept < this.#idle) this.#socket.setTimeout((this.#idle = kept))
    this.#used = true
    this.#finish()
  }

  #quiet(): void {
    if (this.free) this.destroy(unreachable('the connection broke'))
    // How long an answer may take is for who waits for it. Node's timer rings only once.
    else if (this.#open) this.#socket.setTimeout(this.#idle)
  }

  /** After an answer that was taken: no fault. */
  #close(): void {
    this.#open = false
    this.#socket.destroy()
    this.#closed(this)
  }

  #ended(): void {
    const answer = this.#use?.answer
    if (!answer?.endsByClose) return this.destroy(this.#fault(undefined))
    if (this.#open) this.#whole(answer)
  }

  #finish(error?: Error): void {
    const use = this.#use
    this.#use = undefined
    use?.done(error)
  }

  #fault(error: NodeJS.ErrnoException | undefined): LongshoreError | StaleConnection {
    const code = error?.code ?? ''
    const closed = error === undefined || code === 'ECONNRESET' || code === 'EPIPE'
    if (closed && this.#used && this.#use?.answer.begun === false) return new StaleConnection()
    if (/CERT|TLS|SSL|SELF_SIGNED|ISSUER|ALTNAME/.test(code)) return tlsFault(code)
    return unreachable(code || 'the connection broke')
  }
}

function connect(url: URL, onread: net.OnReadOpts, secure: Secure): net.Socket {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
  const options = { host, port, onread, noDelay: true, keepAlive: true, keepAliveInitialDelay: 1_000 }
  if (url.protocol !== 'https:') return net.connect(options)
  const { ca, session } = secure
  const name = net.isIP(host) ? {} : { servername: host }
  const known = { ...(ca !== undefined && { ca }), ...(session && { session }) }
  const socket = tls.connect({ ...options, ...name, ...known, ALPNProtocols: ['http/1.1'] })
  socket.on('session', (fresh: Buffer) => (secure.session = fresh))
  socket.on('error', () => (secure.session = undefined))
  return socket
}
