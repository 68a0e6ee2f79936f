import { connect as connectSocket } from 'node:net'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import type { Endpoint } from './endpoint.js'

/** Bytes that the head of an answer may have. */
const longestHead = 64 * 1024
/** Bytes that one read brings at most, and those below which it brought little. */
const readBytes = { most: 64 * 1024, little: 16 * 1024 }
/**
 * Milliseconds between a read of little and the next one. An engine writes each line by itself; what it writes meanwhile
 * comes at once, and a read costs as much as fifty lines. A socket of the machine holds about 200 such writes.
 */
const gathering = 1

/**
 * The body of what the engine answers to a GET, as it comes: the first bytes after a silence at once. Asked in HTTP/1.0, so
 * that it comes without chunks: an engine sends a log as one chunk for each line, and Node's client hands out each of them
 * by itself, at twice the cost of a line. An answer other than 200 is an error with its `statusCode` and `json`, as the
 * client library has it. The signal ends it, and so does who reads no further.
 */
export async function openStream(
  endpoint: Endpoint,
  path: string,
  signal: AbortSignal,
): Promise<AsyncGenerator<Buffer, void>> {
  signal.throwIfAborted()
  const connection = new Connection(endpoint, signal)
  try {
    connection.ask(path)
    const { head, rest } = await readHead(connection)
    const statusCode = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? NaN)
    if (statusCode !== 200) throw await refusal(statusCode, rest, connection)
    return body(rest, connection)
  } catch (error) {
    connection.close()
    throw error
  }
}

/** A connection to an engine, read when it is asked for more. */
class Connection {
  readonly #socket: Socket
  readonly #buffer = Buffer.allocUnsafeSlow(readBytes.most)
  #came: Buffer | undefined
  /** When little came. */
  #little = -Infinity
  #over: { error?: Error } | undefined
  #wake = () => {}

  constructor(endpoint: Endpoint, signal: AbortSignal) {
    // Into one buffer: Node makes a new one of 64 KiB for each read else.
    const socket = connect(endpoint, { buffer: this.#buffer, callback: (length) => this.#take(length) })
    const destroy = () => void socket.destroy(signal.reason as Error)
    signal.addEventListener('abort', destroy, { once: true })
    socket.on('error', (error) => this.#end({ error }))
    socket.on('close', () => {
      signal.removeEventListener('abort', destroy)
      this.#end({})
    })
    this.#socket = socket
  }

  ask(path: string): void {
    this.#socket.write(`GET ${path} HTTP/1.0\r\nHost: docker\r\n\r\n`)
  }

  close(): void {
    this.#socket.destroy()
  }

  /** What comes next; undefined at the end. */
  async read(): Promise<Buffer | undefined> {
    if (!this.#came && !this.#over) {
      if (performance.now() - this.#little < gathering) await sleep(gathering)
      this.#socket.resume()
      if (!this.#over) await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    const came = this.#came
    this.#came = undefined
    if (!came && this.#over?.error) throw this.#over.error
    return came
  }

  /** Answers whether to read on. */
  #take(length: number): boolean {
    // No more than what came: a view would keep the rest alive.
    this.#came = Buffer.allocUnsafeSlow(length)
    this.#buffer.copy(this.#came, 0, 0, length)
    if (length < readBytes.little) this.#little = performance.now()
    this.#wake()
    return false
  }

  #end(over: { error?: Error }): void {
    this.#over ??= over
    this.#wake()
  }
}

type OnRead = { buffer: Buffer; callback: (length: number) => boolean }

function connect({ socketPath, tcp }: Endpoint, onread: OnRead): Socket {
  if (socketPath !== undefined) return connectSocket({ path: socketPath, onread })
  const { host, port, tls } = tcp!
  const options = { host, port, onread }
  return tls ? connectTls({ servername: host, ...tls, ...options }) : connectSocket(options)
}

async function* body(rest: Buffer, connection: Connection): AsyncGenerator<Buffer, void> {
  try {
    if (rest.length > 0) yield rest
    for (let came = await connection.read(); came; came = await connection.read()) yield came
  } finally {
    connection.close()
  }
}

async function readHead(connection: Connection): Promise<{ head: string; rest: Buffer }> {
  let bytes = Buffer.alloc(0)
  while (bytes.length <= longestHead) {
    const came = await connection.read()
    if (!came) throw new Error('the connection was closed before the answer')
    bytes = Buffer.concat([bytes, came])
    const end = bytes.indexOf('\r\n\r\n')
    if (end >= 0) return { head: bytes.toString('latin1', 0, end), rest: bytes.subarray(end + 4) }
  }
  throw new Error('the answer has no end of its head')
}

async function refusal(statusCode: number, rest: Buffer, connection: Connection): Promise<Error> {
  let text = ''
  for await (const bytes of body(rest, connection)) if ((text += bytes.toString()).length > longestHead) break
  if (Number.isNaN(statusCode)) return new Error('what answers is no engine')
  return Object.assign(new Error(text.trim()), { statusCode, json: parse(text) })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
