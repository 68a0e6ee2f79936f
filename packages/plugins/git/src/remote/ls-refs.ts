import type { Clock } from '@longshore/core'
import { answerFault } from '../errors.js'
import { writeRequest, type HttpClient } from './http.js'
import { delimPkt, flushPkt, PktLineReader, pktLine } from './pkt-line.js'

/** What a server can do, as its capability advertisement says. */
export interface Capabilities {
  /** Speaks protocol version 2 with `ls-refs`. */
  v2: boolean
  format: string
}

/** A request and what it was written from. */
interface Written {
  refs: readonly string[]
  format: string
  authorization: string | undefined
  request: string
}

/** Full names of refs and the commits they point to; a tag's is the commit, not the tag object. */
export type Heads = Map<string, string>

const advertisementType = 'application/x-git-upload-pack-advertisement'
const resultType = 'application/x-git-upload-pack-result'
const lifetime = 3_600_000
const longAnswer = 64 * 2 ** 20

/**
 * The refs of one repository over smart HTTP, protocol version 2 (gitprotocol-v2, "ls-refs"): one small POST a look. What
 * the server can do is asked once an hour, and again after a failure.
 */
export class HttpRefs {
  readonly #http: HttpClient
  readonly #clock: Clock
  readonly #advertised: URL
  readonly #asked: URL
  #known: { at: number; can: Capabilities } | undefined
  #written: Written | undefined

  constructor(http: HttpClient, clock: Clock, url: string) {
    this.#http = http
    this.#clock = clock
    const base = url.replace(/\/+$/, '')
    this.#advertised = new URL(`${base}/info/refs?service=git-upload-pack`)
    this.#asked = new URL(`${base}/git-upload-pack`)
  }

  /** What was told within the last hour. */
  get known(): Capabilities | undefined {
    const known = this.#known
    return known && this.#clock.monotonic() - known.at < lifetime ? known.can : undefined
  }

  async capabilities(authorization: string | undefined, signal: AbortSignal): Promise<Capabilities> {
    if (this.known) return this.known
    const can = await this.#advertisement(authorization, signal)
    this.#known = { at: this.#clock.monotonic(), can }
    return can
  }

  /** Those of the refs that are there. */
  async look(
    refs: readonly string[],
    authorization: string | undefined,
    signal: AbortSignal,
  ): Promise<Heads> {
    const { format } = this.known ?? (await this.capabilities(authorization, signal))
    const heads: Heads = new Map()
    let done = false
    const reader = new PktLineReader(
      (line) => readRef(line, refs, heads),
      () => (done = true),
    )
    try {
      await this.#http.exchange({
        url: this.#asked,
        request: this.#request(refs, format, authorization),
        expect: resultType,
        limit: longAnswer,
        signal,
        take: (chunk) => reader.push(chunk),
      })
    } catch (error) {
      this.#known = undefined
      throw error
    }
    if (!done) throw answerFault('it ends too early')
    return heads
  }

  /** The same again and again, as long as the same is asked. */
  #request(refs: readonly string[], format: string, authorization: string | undefined): string {
    const written = this.#written
    if (written?.refs === refs && written.format === format && written.authorization === authorization)
      return written.request
    const fields = {
      'content-type': 'application/x-git-upload-pack-request',
      accept: resultType,
    }
    const request = writeRequest(this.#asked, headers(authorization, fields), lsRefs(refs, format))
    this.#written = { refs, format, authorization, request }
    return request
  }

  async #advertisement(authorization: string | undefined, signal: AbortSignal): Promise<Capabilities> {
    const lines: string[] = []
    let flushes = 0
    const reader = new PktLineReader(
      (line) => lines.push(line),
      () => flushes++,
    )
    const body = () => lines.filter((line) => !line.startsWith('# service='))
    await this.#http.exchange({
      url: this.#advertised,
      request: writeRequest(this.#advertised, headers(authorization, {})),
      expect: advertisementType,
      limit: 2 ** 20,
      signal,
      take(chunk) {
        reader.push(chunk)
        // An old server lists every ref here: the first line tells enough.
        return body().length === 0 || body()[0] === 'version 2'
      },
    })
    if (body()[0] !== 'version 2') return { v2: false, format: 'sha1' }
    if (flushes === 0) throw answerFault('it ends too early')
    return readCapabilities(body())
  }
}

function headers(authorization: string | undefined, more: Record<string, string>): Record<string, string> {
  return { 'git-protocol': 'version=2', ...more, ...(authorization && { authorization }) }
}

function lsRefs(refs: readonly string[], format: string): string {
  const arguments_ = ['peel\n', ...refs.map((ref) => `ref-prefix ${ref}\n`)]
  const opening = ['command=ls-refs\n', `object-format=${format}`]
  return [...opening.map(pktLine), delimPkt, ...arguments_.map(pktLine), flushPkt].join('')
}

function readCapabilities(lines: string[]): Capabilities {
  const value = (name: string) => lines.find((line) => line === name || line.startsWith(`${name}=`))
  return {
    v2: value('ls-refs') !== undefined,
    format: value('object-format')?.split('=')[1] === 'sha256' ? 'sha256' : 'sha1',
  }
}

function readRef(line: string, wanted: readonly string[], heads: Heads): void {
  if (line.startsWith('ERR ')) throw answerFault(line.slice(4, 300).replace(/\p{Cc}/gu, ' '))
  const [sha = '', name = '', ...attributes] = line.split(' ')
  if (!wanted.includes(name)) return
  const peeled = attributes.find((each) => each.startsWith('peeled:'))?.slice(7)
  const commit = peeled ?? sha
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit)) throw answerFault('a ref points to no commit')
  heads.set(name, commit)
}
