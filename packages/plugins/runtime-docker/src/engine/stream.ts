import { connect as connectSocket } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Endpoint } from './endpoint.js'

/** Bytes that the head of an answer may have. */
const longestHead = 64 * 1024

/**
 * The body of what the engine answers to a GET, as it comes. Asked in HTTP/1.0, so that it comes without chunks: an engine
 * sends a log as one chunk for each line, and Node's client hands out each of them by itself, at twice the cost of a line.
 * An answer other than 200 is an error with its `statusCode` and `json`, as the client library has it. The signal ends it.
 */
export async function openStream(endpoint: Endpoint, path: string, signal: AbortSignal): Promise<Socket> {
  const socket = connect(endpoint)
  const destroy = () => void socket.destroy(signal.reason as Error)
  signal.addEventListener('abort', destroy, { once: true })
  socket.once('close', () => signal.removeEventListener('abort', destroy))
  try {
    signal.throwIfAborted()
    socket.write(`GET ${path} HTTP/1.0\r\nHost: docker\r\n\r\n`)
    const { head, rest } = await readHead(socket)
    const statusCode = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? NaN)
    if (statusCode !== 200) throw await refusal(statusCode, rest, socket)
    if (rest.length > 0) socket.unshift(rest)
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  }
}

function connect({ socketPath, tcp }: Endpoint): Socket {
  if (socketPath !== undefined) return connectSocket({ path: socketPath })
  const { host, port, tls } = tcp!
  return tls ? connectTls({ host, port, servername: host, ...tls }) : connectSocket({ host, port })
}

function readHead(socket: Socket): Promise<{ head: string; rest: Buffer }> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0)
    const over = (settle: () => void) => {
      socket.pause().off('data', take).off('error', fail).off('close', closed)
      settle()
    }
    const fail = (error: Error) => over(() => reject(error))
    const closed = () => fail(new Error('the connection was closed before the answer'))
    const take = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      const end = bytes.indexOf('\r\n\r\n')
      if (end >= 0)
        over(() => resolve({ head: bytes.toString('latin1', 0, end), rest: bytes.subarray(end + 4) }))
      else if (bytes.length > longestHead) fail(new Error('the answer has no end of its head'))
    }
    socket.on('data', take).on('error', fail).on('close', closed)
  })
}

async function refusal(statusCode: number, rest: Buffer, socket: Socket): Promise<Error> {
  let text = rest.toString()
  for await (const chunk of socket) if ((text += String(chunk)).length > longestHead) break
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
