import type { Socket } from 'socket.io'
import type { LiveTellings, TopicFrame } from '@longshore/core/protocol'

/** Bytes of frames that are kept for the viewers that get them next, and of what one costs besides. */
const kept = { most: 2 * 2 ** 20, each: 256 }

interface Client extends Pick<Socket, 'conn'> {
  emit(event: 'frame', ...frame: Parameters<LiveTellings['frame']>): unknown
}

/**
 * Sends frames. Many viewers watch the same: a frame becomes bytes once, and each connection is given those same bytes after
 * a few of its own, which name its stream and the frame's number there.
 */
export class FrameSender {
  readonly #kept = new Map<TopicFrame, Buffer>()
  #bytes = 0

  send(socket: Client, stream: string, seq: number, frame: TopicFrame): void {
    const { conn } = socket
    if (conn.transport.name !== 'websocket') {
      socket.emit('frame', { stream, seq, ...frame })
      return
    }
    const shared = this.#encode(frame)
    const own = `42/live,["frame",{"stream":"${stream}","seq":${seq}`
    // As Socket.IO's own adapter sends one packet to many; Engine.IO's types do not tell of it.
    const options = { wsPreEncodedFrame: [withHead(own, shared.length), shared] }
    conn.write('', options as Parameters<typeof conn.write>[1])
  }

  /** The end of the packet, from the frame's own fields on. */
  #encode(frame: TopicFrame): Buffer {
    const known = this.#kept.get(frame)
    if (known) return known
    const fields = JSON.stringify(frame).slice(1)
    const bytes = Buffer.from(`${fields === '}' ? '' : ','}${fields}]`)
    this.#kept.set(frame, bytes)
    this.#bytes += bytes.length + kept.each
    for (const [oldest, { length }] of this.#kept) {
      if (this.#bytes <= kept.most) break
      this.#kept.delete(oldest)
      this.#bytes -= length + kept.each
    }
    return bytes
  }
}

/** The head of a websocket's text message and the message's beginning, which so many bytes follow. */
function withHead(begin: string, rest: number): Buffer {
  const length = begin.length + rest
  // The shortest form that holds the length, or a browser refuses it: 7, 16 or 64 bits.
  const size = length < 126 ? 0 : length < 65_536 ? 2 : 8
  const bytes = Buffer.allocUnsafe(2 + size + begin.length)
  bytes[0] = 0x81
  bytes[1] = size === 0 ? length : size === 2 ? 126 : 127
  if (size === 2) bytes.writeUInt16BE(length, 2)
  if (size === 8) bytes.writeBigUInt64BE(BigInt(length), 2)
  bytes.write(begin, 2 + size, 'latin1')
  return bytes
}
