import { StringDecoder } from 'node:string_decoder'
import type { LogFrame, LogLine } from '../contracts/telemetry.js'
import type { Origin, Piece, TextFrame } from '../protocol/index.js'

/** Milliseconds between two frames when lines come slower than frames are full. */
const interval = 20
/** Bytes of text after which a frame is full; it is larger by at most one record. */
const frameBytes = 64 * 1024
/** Milliseconds within which the lines of one origin are one piece. */
const pieceTime = 100

/**
 * Lines as text, many in a frame: a full one at once, else what came within 20 ms; the first line after a pause comes
 * at once. Bytes that are no UTF-8 become U+FFFD.
 */
export async function* textFrames(source: AsyncIterable<LogFrame>): AsyncGenerator<TextFrame> {
  const frames = source[Symbol.asyncIterator]()
  const ask = () => {
    const next = frames.next()
    // A failure is met where it is waited for, which may be after the frames before it were sent.
    next.catch(() => undefined)
    return next
  }
  const text = new Text()
  let told = -Infinity
  try {
    for (let got = await frames.next(); !got.done;) {
      text.add(got.value)
      let next = ask()
      const pause = passed(told + interval - performance.now())
      while (!text.full) {
        const more = await Promise.race([next, pause]).catch(() => undefined)
        if (!more || more.done) break
        text.add(more.value)
        next = ask()
      }
      const ready = text.take()
      if (ready.length > 0) told = performance.now()
      yield* ready
      got = await next
    }
  } finally {
    // Not waited for: a source that waits itself answers only when its signal aborts.
    frames.return?.()?.catch(() => undefined)
  }
}

/** Resolves after so many milliseconds, and not before what is ready now has had its turn. */
function passed(milliseconds: number): Promise<undefined> {
  return new Promise((resolve) => {
    if (milliseconds > 0) setTimeout(resolve, milliseconds, undefined)
    else setImmediate(resolve, undefined)
  })
}

/** Makes frames of lines. */
class Text {
  #ready: TextFrame[] = []
  #open = empty()
  #bytes = 0
  /** Characters that a record broke off within, by whose they are. */
  readonly #broken = new Map<string, StringDecoder>()

  get full(): boolean {
    return this.#ready.length > 0
  }

  add({ lines, skipped }: LogFrame): void {
    if (skipped > 0 && this.#open.text !== '') this.#close()
    this.#open.skipped += skipped
    for (let from = 0; from < lines.length;) {
      const end = this.#sameFrom(lines, from)
      this.#piece(lines, from, end)
      from = end
      if (this.#bytes >= frameBytes) this.#close()
    }
  }

  /** All that is there, as frames. */
  take(): TextFrame[] {
    if (this.#open.text !== '' || this.#open.skipped > 0) this.#close()
    return this.#ready.splice(0)
  }

  #close(): void {
    this.#ready.push(this.#open)
    this.#open = empty()
    this.#bytes = 0
  }

  /** Where the lines that make one piece with the first end: of one origin and time, and no more than a frame holds. */
  #sameFrom(lines: LogLine[], from: number): number {
    const { instance, stream, time } = lines[from]!
    let end = from
    for (let room = frameBytes - this.#bytes; end < lines.length && room > 0; end++) {
      const line = lines[end]!
      if (line.stream !== stream || line.instance !== instance) break
      if (line.time - time >= pieceTime || line.time < time) break
      room -= line.bytes.length + 1
    }
    return end
  }

  #piece(lines: LogLine[], from: number, end: number): void {
    const { instance, stream, time } = lines[from]!
    let size = 0
    let whole = 0
    for (let index = from; index < end; index++) size += lines[index]!.bytes.length + 1
    const bytes = Buffer.allocUnsafe(size)
    let used = 0
    for (let index = from; index < end; index++) {
      const line = lines[index]!
      bytes.set(line.bytes, used)
      used += line.bytes.length
      if (line.partial) continue
      bytes[used++] = 0x0a
      whole++
    }
    this.#bytes += used
    this.#open.lines += whole
    const text = this.#decode(`${stream} ${instance}`, bytes.subarray(0, used), lines[end - 1]!.partial)
    this.#append(text, this.#origin(instance, stream), time)
  }

  #decode(whose: string, bytes: Buffer, partial: boolean): string {
    const broken = this.#broken.get(whose)
    if (!partial) {
      this.#broken.delete(whose)
      return broken ? broken.end(bytes) : bytes.toString('utf8')
    }
    const decoder = broken ?? new StringDecoder('utf8')
    this.#broken.set(whose, decoder)
    return decoder.write(bytes)
  }

  #append(text: string, origin: number, time: number): void {
    if (text === '') return
    const { pieces } = this.#open
    const last = pieces.at(-1)
    this.#open.text += text
    if (last && last[1] === origin && time >= last[2] && time - last[2] < pieceTime) last[0] += text.length
    else pieces.push([text.length, origin, time])
  }

  #origin(instance: string, stream: Origin['stream']): number {
    const { origins } = this.#open
    const known = origins.findIndex((each) => each.instance === instance && each.stream === stream)
    return known < 0 ? origins.push({ instance, stream }) - 1 : known
  }
}

function empty(): TextFrame {
  return { text: '', lines: 0, origins: [], pieces: [], skipped: 0 }
}

/** The frame without its first lines. */
export function withoutLines(frame: TextFrame, lines: number): TextFrame {
  let from = 0
  for (let left = lines; left > 0; left--) from = frame.text.indexOf('\n', from) + 1
  let passed = 0
  const pieces = frame.pieces.flatMap(([length, origin, time]): Piece[] => {
    passed += length
    return passed <= from ? [] : [[Math.min(length, passed - from), origin, time]]
  })
  return { ...frame, text: frame.text.slice(from), lines: frame.lines - lines, pieces, skipped: 0 }
}
