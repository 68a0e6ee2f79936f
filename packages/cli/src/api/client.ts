import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http'
import { join } from 'node:path'
import { Problem, type RouteShape } from '@longshore/core/protocol'
import type { z } from 'zod'
import { ApiError, UnreachableError, UsageError } from '../errors.js'

type Input<S> = NonNullable<S> extends z.ZodType ? z.input<NonNullable<S>> : undefined
type Answer<S extends RouteShape> = z.output<NonNullable<S['response']>>

export interface CallInput<S extends RouteShape> {
  params?: Input<S['params']>
  query?: Partial<Record<keyof Input<S['query']> & string, string | number | undefined>>
  body?: Input<S['body']>
}

/** Milliseconds that an answer may take; a stream may then go on for ever. */
const answerDeadline = 60_000
/** Bytes of an answer that is read as a whole. */
const longestAnswer = 64 * 2 ** 20

/** Where the API answers: this machine's socket, or an address with a token. */
export type Target = { socket: string } | { url: URL; token?: string }

/** The target that the environment names, else the socket of the data folder. */
export async function targetOf(env: NodeJS.ProcessEnv, dataFolder: () => Promise<string>): Promise<Target> {
  const address = env['LONGSHORE_URL']
  if (!address) return { socket: join(await dataFolder(), 'longshore.sock') }
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:')
    return { url, token: env['LONGSHORE_TOKEN'] || undefined }
  throw new UsageError('URL_INVALID', `LONGSHORE_URL is ${address}, which is no http or https address`, {
    hint: 'Write it like http://127.0.0.1:7420.',
  })
}

/** The REST API, by the shapes of its routes. */
export class Api {
  readonly #target: Target

  constructor(target: Target) {
    this.#target = target
  }

  /** The address as people read it. */
  get place(): string {
    return 'socket' in this.#target ? this.#target.socket : this.#target.url.origin
  }

  /** Asks a route and answers its JSON. */
  async call<S extends RouteShape>(shape: S, input: CallInput<S> = {}): Promise<Answer<S>> {
    const answer = await this.#send(shape, input, undefined)
    return JSON.parse(await readAll(answer)) as never
  }

  /** Asks a route that answers a stream; it ends when the server, or the signal, ends it. */
  stream<S extends RouteShape>(
    shape: S,
    input: CallInput<S>,
    signal: AbortSignal,
    headers: Record<string, string> = {},
  ): Promise<IncomingMessage> {
    return this.#send(shape, input, signal, headers)
  }

  async #send(
    shape: RouteShape,
    { params, query, body }: CallInput<RouteShape>,
    signal: AbortSignal | undefined,
    headers: Record<string, string> = {},
  ): Promise<IncomingMessage> {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const path = pathOf(shape, (params ?? {}) as Record<string, string>, query ?? {})
    const answer = await this.#open({
      method: shape.method,
      path,
      signal,
      headers: { ...headers, ...(text !== undefined && bodyHeaders(text)) },
      body: text,
    })
    if (answer.statusCode! < 400) return answer
    throw problemOf(answer.statusCode!, await readAll(answer))
  }

  async #open({ body, ...options }: RequestOptions & { body: string | undefined }): Promise<IncomingMessage> {
    const target = this.#target
    const overTls = 'url' in target && target.url.protocol === 'https:'
    const request = overTls ? (await import('node:https')).request : requestHttp
    return new Promise((resolve, reject) => {
      const sent = request({
        ...options,
        ...whereTo(target),
        headers: { ...options.headers, ...identity(target) },
      })
      const timer = setTimeout(
        () => sent.destroy(new Error(`no answer in ${answerDeadline / 1000} s`)),
        answerDeadline,
      )
      sent.on('response', (answer) => {
        clearTimeout(timer)
        resolve(answer)
      })
      sent.on('error', (error: NodeJS.ErrnoException) => {
        clearTimeout(timer)
        reject(options.signal?.aborted ? error : unreachable(this.place, error))
      })
      sent.end(body)
    })
  }
}

/** The length too: Node sends the body of a DELETE without, and then nobody knows where it ends. */
function bodyHeaders(text: string): Record<string, string> {
  return { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }
}

function whereTo(target: Target): RequestOptions {
  if ('socket' in target) return { socketPath: target.socket }
  const { hostname, port, protocol } = target.url
  return { hostname: hostname.replace(/^\[|\]$/g, ''), port: port || undefined, protocol }
}

function identity(target: Target): Record<string, string> {
  const token = 'url' in target ? target.token : undefined
  return {
    host: 'url' in target ? target.url.host : 'localhost',
    ...(token && { authorization: `Bearer ${token}` }),
  }
}

function pathOf(shape: RouteShape, params: Record<string, string>, query: Record<string, unknown>): string {
  const path = shape.path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''))
  const given = Object.entries(query).filter(([, value]) => value !== undefined)
  const search = new URLSearchParams(
    given.map(([key, value]): [string, string] => [key, String(value)]),
  ).toString()
  return `${shape.root ? '' : '/api/v1'}${path}${search && `?${search}`}`
}

async function readAll(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > longestAnswer) {
      answer.destroy()
      throw new UnreachableError('ANSWER_TOO_LONG', `the answer is longer than ${longestAnswer} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function problemOf(status: number, text: string): ApiError {
  const parsed = Problem.safeParse(parseJson(text))
  if (parsed.success) return new ApiError(parsed.data)
  return new ApiError({
    code: 'ANSWER_UNKNOWN',
    status,
    detail: `it answered ${status} and no reason that can be read`,
    hint: 'Is it Longshore that answers there, and of this version?',
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function unreachable(place: string, cause: NodeJS.ErrnoException): UnreachableError {
  if (cause.code === 'EACCES') {
    return new UnreachableError('SOCKET_FORBIDDEN', `you may not open ${place}`, {
      cause,
      hint: 'Be the user that Longshore runs as, or root.',
    })
  }
  const why = cause.code === 'ENOENT' || cause.code === 'ECONNREFUSED' ? '' : ` (${cause.message})`
  return new UnreachableError('API_UNREACHABLE', `no Longshore answers at ${place}${why}`, {
    cause,
    hint: 'Start it with `longshore serve`; if it runs elsewhere, name its config by --config or LONGSHORE_CONFIG, or its address by LONGSHORE_URL.',
  })
}

/** The lines of a streamed answer, each as soon as it is whole. */
export async function* linesIn(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop()!
    yield* lines
  }
  if (rest !== '') yield rest
}
