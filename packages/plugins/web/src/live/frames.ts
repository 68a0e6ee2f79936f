import type { Socket } from 'socket.io'
import type { TopicFrame } from '@longshore/core/protocol'
import { writePacket } from './packet.js'

/** Bytes of frames that are kept for the viewers that get them next, and of what one costs besides. */
const kept = { most: 2 * 2 ** 20, each: 256 }

/**
 * Sends frames. Many viewers watch the same: a frame becomes bytes once, and each connection is given those same bytes after
 * a few of its own, which name its stream and the frame's number there.
 */
export class FrameSender {
  readonly #kept = new Map<TopicFrame, Buffer>()
  #bytes = 0

  send({ conn }: Pick<Socket, 'conn'>, stream: string, seq: number, frame: TopicFrame): void {
    writePacket(conn, `42/live,["frame",{"stream":"${stream}","seq":${seq}`, [this.#encode(frame)])
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
