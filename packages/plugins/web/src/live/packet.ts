import type { Socket } from 'engine.io'

/** What frames of a websocket begin with: the first or only one of a text, a later one; and that it is the last. */
const text = 0x01
const more = 0x00
const last = 0x80

/**
 * Sends one packet of Socket.IO that is bytes already: a beginning of this connection's own, ASCII, and then bytes that all who
 * are told the same share. Nothing is copied: what waits for a client that does not read are the same bytes for all.
 */
export function writePacket(conn: Socket, own: string, shared: readonly Buffer[] = []): void {
  if (conn.transport.name !== 'websocket') {
    // The `4` of the beginning is Engine.IO's own, which it adds itself here.
    conn.write(own.slice(1) + Buffer.concat(shared).toString())
    return
  }
  const [first = Buffer.alloc(0), ...rest] = shared
  const end = rest.length - 1
  writeFrame(conn, text | (end < 0 ? last : 0), own, first)
  for (const [index, part] of rest.entries()) writeFrame(conn, more | (index === end ? last : 0), '', part)
}

/** As Socket.IO's own adapter sends one packet to many; Engine.IO's types do not tell of it. */
function writeFrame(conn: Socket, opcode: number, own: string, shared: Buffer): void {
  const options = { wsPreEncodedFrame: [frameHead(opcode, own, shared.length), shared] }
  conn.write('', options as Parameters<typeof conn.write>[1])
}

/** The head of a websocket's frame and the frame's beginning, which so many bytes follow. */
function frameHead(opcode: number, begin: string, rest: number): Buffer {
  const length = begin.length + rest
  // The shortest form that holds the length, or a browser refuses it: 7, 16 or 64 bits.
  const size = length < 126 ? 0 : length < 65_536 ? 2 : 8
  const bytes = Buffer.allocUnsafe(2 + size + begin.length)
  bytes[0] = opcode
  bytes[1] = size === 0 ? length : size === 2 ? 126 : 127
  if (size === 2) bytes.writeUInt16BE(length, 2)
  if (size === 8) bytes.writeBigUInt64BE(BigInt(length), 2)
  bytes.write(begin, 2 + size, 'latin1')
  return bytes
}
