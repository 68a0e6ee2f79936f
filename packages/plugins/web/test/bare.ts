import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach } from 'vitest'
import type { Web } from './start.js'

const open: Socket[] = []

afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy()
})

export const upgrade = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
}
export const path = (transport: string) => `/socket.io/?EIO=4&transport=${transport}`

/** A request as it is written, and the beginning of what comes back. */
export async function raw(
  { port }: Pick<Web, 'port'>,
  target: string,
  headers: Record<string, string | undefined>,
) {
  const socket = connect(port, '127.0.0.1')
  open.push(socket)
  const lines = Object.entries({ host: `127.0.0.1:${port}`, ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  socket.write([`GET ${target} HTTP/1.1`, ...lines, '', ''].join('\r\n'))
  const [answer] = (await once(socket, 'data')) as [Buffer]
  return { socket, text: answer.toString('latin1') }
}

/** A websocket without a library: what it sends is what the test writes. */
export async function bare(web: Web): Promise<{ socket: Socket; send(text: string | Buffer): void }> {
  const { socket } = await raw(web, path('websocket'), upgrade)
  socket.on('error', () => undefined)
  const send = (data: string | Buffer) => socket.write(webSocketFrame(data))
  send(`40/live,${JSON.stringify({ token: web.token })}`)
  return { socket, send }
}

function webSocketFrame(data: string | Buffer): Buffer {
  const payload = Buffer.from(data as string)
  const opcode = typeof data === 'string' ? 0x81 : 0x82
  const length = Buffer.alloc(8)
  length.writeBigUInt64BE(BigInt(payload.length))
  // Masked with zeros: that is what a client has to do, and it changes nothing.
  return Buffer.concat([Buffer.from([opcode, 0x80 | 127]), length, Buffer.alloc(4), payload])
}

/** Resolves when the server has closed it. */
export const closed = async (socket: Socket) => {
  socket.resume()
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
}
