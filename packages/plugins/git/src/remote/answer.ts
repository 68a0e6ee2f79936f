import { answerFault } from '../errors.js'

/** Bytes that the head of an answer may have, with interim answers and trailers; the same as Node's own limit. */
const headLimit = 16_384
const sizeLineLimit = 256
const headShape =
  /^HTTP\/1\.[01] [1-5]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?\r\n(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n$/
const trailerShape = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n$/
const sizeShape = /^([0-9a-fA-F]{1,8})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?\r\n$/

export interface AnswerHead {
  status: number
  /** Of fields by their names in lower case, the first value. */
  fields: Map<string, string>
}

export interface AnswerParts {
  /** Takes the head; a throw ends the answer. */
  head: (head: AnswerHead) => void
  /** Takes a piece of the body, valid only during the call; false: that was enough. */
  body: (chunk: Buffer) => boolean | void
}

type Expected = 'head' | 'length' | 'close' | 'size' | 'chunk' | 'chunk end' | 'trailer' | 'nothing'

/**
 * Reads one HTTP/1.1 answer as it comes (RFC 9112). Where the RFC lets a reader choose between lenient and strict this one
 * is strict: what two readers could understand differently is refused (GIT_ANSWER).
 */
export class AnswerReader {
  readonly #parts: AnswerParts
  #expected: Expected = 'head'
  /** What came of a head or a line that is not whole yet. */
  #held = ''
  #headBytes = 0
  /** Bytes left of the body or the chunk. */
  #left = 0
  #data: Buffer = Buffer.alloc(0)
  #at = 0
  /** Whether anything of the answer came. */
  begun = false
  /** Whether the connection may carry another exchange. */
  reusable = false
  /** Seconds that the server keeps an idle connection, where it says so. */
  keepAlive: number | undefined

  constructor(parts: AnswerParts) {
    this.#parts = parts
  }

  /** Takes the next bytes; whether the answer is whole, or enough of it was taken. */
  push(data: Buffer): boolean {
    this.begun = true
    this.#data = data
    this.#at = 0
    while (this.#at < data.length && this.#expected !== 'nothing') this.#step()
    if (this.#expected !== 'nothing') return false
    // What comes unasked belongs to no request: whose answer it would be taken for is anybody's guess.
    if (this.#at < data.length) this.reusable = false
    return true
  }

  /** Whether the answer may end where the server has closed the connection. */
  get endsByClose(): boolean {
    return this.#expected === 'close'
  }

  #step(): void {
    if (this.#expected === 'head') this.#head()
    else if (this.#expected === 'size') this.#size()
    else if (this.#expected === 'trailer') this.#trailer()
    else if (this.#expected === 'chunk end') this.#chunkEnd()
    else this.#body()
  }

  #head(): void {
    const text = this.#until('\r\n\r\n', headLimit - this.#headBytes)
    if (text === undefined) return
    this.#headBytes += text.length
    if (!headShape.test(text)) throw answerFault('it has no head of HTTP/1.1')
    const status = Number(text.slice(9, 12))
    const fields = readFields(text)
    // An interim answer (100, 103) comes before the one that counts; 101 would be another protocol.
    if (status < 200 && status !== 101) return
    const framed = this.#frame(fields)
    const connection = fields.get('connection')?.toLowerCase() ?? ''
    this.reusable = framed && text.startsWith('HTTP/1.1') && !/(?:^|[,\s])close(?:$|[,\s])/.test(connection)
    const seconds = /(?:^|[,\s])timeout=(\d{1,6})/i.exec(fields.get('keep-alive') ?? '')?.[1]
    if (seconds !== undefined) this.keepAlive = Number(seconds)
    this.#parts.head({ status, fields })
  }

  /** Where the body ends (RFC 9112, section 6.3); false: where the connection does. */
  #frame(fields: Map<string, string>): boolean {
    const [length, coding] = [fields.get('content-length'), fields.get('transfer-encoding')]
    if (coding !== undefined) {
      if (length !== undefined || coding.toLowerCase() !== 'chunked')
        throw answerFault('where its body ends can be read in two ways')
      this.#expected = 'size'
      return true
    }
    if (length === undefined) {
      this.#expected = 'close'
      return false
    }
    if (!/^\d{1,15}$/.test(length)) throw answerFault('its length is no number')
    this.#left = Number(length)
    this.#expected = this.#left === 0 ? 'nothing' : 'length'
    return true
  }

  #size(): void {
    const line = this.#until('\r\n', sizeLineLimit)
    if (line === undefined) return
    const size = sizeShape.exec(line)?.[1]
    if (size === undefined) throw answerFault('a chunk of it has no size')
    this.#left = Number.parseInt(size, 16)
    this.#expected = this.#left === 0 ? 'trailer' : 'chunk'
  }

  #chunkEnd(): void {
    const line = this.#until('\r\n', 2)
    if (line === undefined) return
    if (line !== '\r\n') throw answerFault('a chunk of it has another size than it says')
    this.#expected = 'size'
  }

  #trailer(): void {
    const line = this.#until('\r\n', headLimit - this.#headBytes)
    if (line === undefined) return
    this.#headBytes += line.length
    if (line === '\r\n') this.#expected = 'nothing'
    else if (!trailerShape.test(line)) throw answerFault('it has no trailer of HTTP/1.1')
  }

  #body(): void {
    const bounded = this.#expected !== 'close'
    const from = this.#at
    this.#at = bounded ? Math.min(this.#data.length, from + this.#left) : this.#data.length
    if (bounded) this.#left -= this.#at - from
    if (bounded && this.#left === 0) this.#expected = this.#expected === 'chunk' ? 'chunk end' : 'nothing'
    if (this.#parts.body(this.#data.subarray(from, this.#at)) !== false) return
    this.#expected = 'nothing'
    this.reusable = false
  }

  /** The text up to and with the mark, once it is there. */
  #until(mark: string, limit: number): string | undefined {
    const held = this.#held.length
    const text = this.#held + this.#data.toString('latin1', this.#at, this.#at + limit - held)
    const found = text.indexOf(mark, Math.max(0, held - mark.length + 1))
    if (found < 0) {
      if (text.length >= limit) throw answerFault(`a part of it is longer than ${limit} bytes`)
      this.#held = text
      this.#at = this.#data.length
      return undefined
    }
    const end = found + mark.length
    this.#held = ''
    this.#at += end - held
    return text.slice(0, end)
  }
}

function readFields(head: string): Map<string, string> {
  const fields = new Map<string, string>()
  let at = head.indexOf('\r\n') + 2
  for (let end = head.indexOf('\r\n', at); end > at; end = head.indexOf('\r\n', at)) {
    const colon = head.indexOf(':', at)
    const name = head.slice(at, colon).toLowerCase()
    const value = head.slice(...withoutBlanks(head, colon + 1, end))
    if (!fields.has(name)) fields.set(name, value)
    else if (name === 'content-length' || name === 'transfer-encoding')
      throw answerFault(`it has two of ${name}`)
    else if (name === 'connection') fields.set(name, `${fields.get(name)}, ${value}`)
    at = end + 2
  }
  return fields
}

/** The span without spaces and tabs at its ends; `trim` would take more than HTTP does. */
function withoutBlanks(text: string, from: number, to: number): [number, number] {
  const blank = (at: number) => text[at] === ' ' || text[at] === '\t'
  while (from < to && blank(from)) from++
  while (from < to && blank(to - 1)) to--
  return [from, to]
}
