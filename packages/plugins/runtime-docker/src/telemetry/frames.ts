import { frameLie } from '../errors.js'

/** Bytes before the payload of a frame: the stream, three zeroes, the payload's length as 32 bits, big endian. */
const headBytes = 8
/**
 * Bytes that a frame may say to have. The engine cuts what a container prints at 16 KiB; the log driver with the largest
 * messages of all, awslogs, takes 256 KiB. What says more is no engine, or is out of step.
 */
const longest = 2 ** 20
/** `stdin` is never logged; the fourth one is what the engine itself has to say. */
const streams = ['stdin', 'stdout', 'stderr', 'engine'] as const

/** What is told of each frame; the bytes are a view, which stays as it is. */
export type TakeFrame = (stream: (typeof streams)[number], bytes: Buffer, from: number, end: number) => void

/**
 * Takes the engine's stream of frames apart, wherever its chunks are cut. A frame that lies within a chunk is not copied;
 * one that lies across chunks is put together once. Nothing is held beyond one frame, and no more than has come is
 * ever made room for by more than `longest`. Errors: ENGINE_FRAME.
 */
export class Frames {
  readonly #take: TakeFrame
  /** The frame that has begun. */
  #begun = Buffer.alloc(0)
  #filled = 0

  constructor(take: TakeFrame) {
    this.#take = take
  }

  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      if (this.#filled === 0 && chunk.length - at >= headBytes) {
        const end = at + headBytes + payloadOf(chunk, at)
        if (end <= chunk.length) {
          this.#take(streams[chunk[at]!]!, chunk, at + headBytes, end)
          at = end
          continue
        }
      }
      at += this.#gather(chunk, at)
    }
  }

  /** The stream has ended: in the middle of a frame it was cut off. */
  end(): void {
    if (this.#filled > 0) throw frameLie('the stream ended in the middle of a frame')
  }

  #gather(chunk: Buffer, at: number): number {
    const need = this.#filled < headBytes ? headBytes : headBytes + payloadOf(this.#begun, 0)
    if (this.#begun.length < need) {
      const grown = Buffer.allocUnsafe(need)
      this.#begun.copy(grown, 0, 0, this.#filled)
      this.#begun = grown
    }
    const copied = chunk.copy(this.#begun, this.#filled, at, at + need - this.#filled)
    this.#filled += copied
    if (this.#filled < headBytes) return copied
    const whole = headBytes + payloadOf(this.#begun, 0)
    if (this.#filled < whole) return copied
    this.#take(streams[this.#begun[0]!]!, this.#begun, headBytes, whole)
    this.#begun = Buffer.alloc(0)
    this.#filled = 0
    return copied
  }
}

function payloadOf(bytes: Buffer, at: number): number {
  const length = bytes.readUInt32BE(at + 4)
  if (bytes[at]! >= streams.length) throw frameLie(`there is no stream ${bytes[at]}`)
  if (bytes[at + 1]! | bytes[at + 2]! | bytes[at + 3]!)
    throw frameLie('the three bytes after the stream are not 0')
  if (length > longest) throw frameLie(`a frame of ${length} bytes, where ${longest} are the most`)
  return length
}
