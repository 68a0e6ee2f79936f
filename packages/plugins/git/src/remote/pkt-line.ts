import { answerFault } from '../errors.js'

/** A line of git's wire format (gitprotocol-common): four hex digits of length, then the bytes. */
export function pktLine(text: string): string {
  return (Buffer.byteLength(text) + 4).toString(16).padStart(4, '0') + text
}

export const flushPkt = '0000'
export const delimPkt = '0001'

const nothing = Buffer.alloc(0)

/** Splits a stream into its lines as it comes. Never holds more than one line, which is 65,520 bytes at most. */
export class PktLineReader {
  #rest: Buffer = nothing
  readonly #line: (line: string) => void
  readonly #mark: (mark: 'flush' | 'delim' | 'end') => void

  constructor(
    line: (line: string) => void,
    mark: (mark: 'flush' | 'delim' | 'end') => void = () => undefined,
  ) {
    this.#line = line
    this.#mark = mark
  }

  /** Takes the next bytes, which may be overwritten after the call; throws GIT_ANSWER when they cannot be lines. */
  push(chunk: Buffer): void {
    const data = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    let at = 0
    while (data.length - at >= 4) {
      const prefix = data.toString('latin1', at, at + 4)
      const length = /^[0-9a-fA-F]{4}$/.test(prefix) ? Number.parseInt(prefix, 16) : -1
      if (length < 0 || length === 3 || length > 65_520) throw answerFault('it is not made of packet lines')
      if (length < 4) this.#mark((['flush', 'delim', 'end'] as const)[length]!)
      else if (data.length - at < length) break
      else this.#line(data.toString('utf8', at + 4, at + length).replace(/\n$/, ''))
      at += Math.max(length, 4)
    }
    this.#rest = at < data.length ? Buffer.from(data.subarray(at)) : nothing
  }

  /** Whether the stream may end here. */
  get whole(): boolean {
    return this.#rest.length === 0
  }
}
