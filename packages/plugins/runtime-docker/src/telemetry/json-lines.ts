import { Records, type Line } from './records.js'
import { Clock, holds } from './clock.js'

/** Bytes that a line of the file may have: a record is 16 KiB, a control character six bytes, labels come on top. */
const longest = 2 ** 20
const newline = 0x0a
const quote = 0x22
const backslash = 0x5c
const letterN = 0x6e

/** What stands around the text and before the time, as the engine writes it. */
const begin = Buffer.from('{"log":"')
const between = {
  stdout: Buffer.from('","stream":"stdout","time":"'),
  stderr: Buffer.from('","stream":"stderr","time":"'),
}
const betweenBytes = between.stdout.length

/**
 * Turns a file of the log driver json-file into lines: one JSON object a record, `log` with its newline, `stream`, `time` in
 * RFC 3339 with up to nine decimals (docs.docker.com, "JSON File logging driver"). A record whose text needs no unescaping is
 * not copied.
 */
export class JsonLines {
  readonly #records: Records
  readonly #clock = new Clock()
  /** What has come of the file's last line. */
  #rest: Buffer = Buffer.alloc(0)
  /** Within a line that is longer than any record. */
  #tooLong = false
  #unread = 0

  constructor(instance: string) {
    this.#records = new Records(instance)
  }

  /** Whether no line of the container has begun and not ended. */
  get whole(): boolean {
    return this.#records.whole
  }

  /** Records that could not be read since it was asked last: what an engine wrote that was killed, or what is no log. */
  get unread(): number {
    const count = this.#unread
    this.#unread = 0
    return count
  }

  /** The lines that a chunk completes. Their bytes are views of it. */
  push(chunk: Buffer): Line[] {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    let from = 0
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, from)) {
      if (this.#tooLong) this.#unread++
      else if (!this.#plain(bytes, from, end)) this.#escaped(bytes, from, end)
      this.#tooLong = false
      from = end + 1
    }
    this.#tooLong ||= bytes.length - from > longest
    // A copy: a view would keep the whole chunk alive.
    this.#rest = this.#tooLong ? Buffer.alloc(0) : Buffer.from(bytes.subarray(from))
    return this.#records.taken()
  }

  /** Finishes what the container left unfinished. */
  end(): Line[] {
    this.#records.end()
    return this.#records.taken()
  }

  /** Takes a record without escapes but that of its newline; answers whether it was one. */
  #plain(bytes: Buffer, from: number, end: number): boolean {
    const first = from + begin.length
    const close = bytes.indexOf(quote, first)
    if (close < 0 || close > end) return false
    const whole = bytes[close - 1] === letterN && bytes[close - 2] === backslash
    const last = whole ? close - 2 : close
    const escape = bytes.indexOf(backslash, first)
    if (escape >= 0 && escape < last) return false
    const stream = holds(bytes, close, between.stdout) ? 'stdout' : 'stderr'
    if (!holds(bytes, from, begin) || !holds(bytes, close, between[stream])) return false
    if (!this.#clock.read(bytes, close + betweenBytes, end - 2)) return false
    this.#records.take(stream, this.#clock, bytes, first, last, whole)
    return true
  }

  #escaped(bytes: Buffer, from: number, end: number): void {
    const record = parse(bytes.toString('utf8', from, end))
    const time = record && Buffer.from(record.time)
    if (!record || !time || !this.#clock.read(time, 0, time.length)) {
      this.#unread++
      return
    }
    const whole = record.log.endsWith('\n')
    const text = Buffer.from(whole ? record.log.slice(0, -1) : record.log)
    this.#records.take(record.stream, this.#clock, text, 0, text.length, whole)
  }
}

function parse(line: string): { log: string; stream: 'stdout' | 'stderr'; time: string } | undefined {
  try {
    const { log = '', stream, time } = JSON.parse(line) as Record<string, unknown>
    if (typeof log !== 'string' || typeof time !== 'string') return undefined
    return stream === 'stdout' || stream === 'stderr' ? { log, stream, time } : undefined
  } catch {
    return undefined
  }
}
