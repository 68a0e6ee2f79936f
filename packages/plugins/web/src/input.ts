import type { Request } from 'express'
import { z } from 'zod'
import type { RouteShape } from '@longshore/core/protocol'
import { endCrumbs } from './crumbs.js'
import { WebError } from './errors.js'
import { Gathered } from './gathered.js'
import { parseJson } from './json.js'
import { malformed } from './problem.js'
import { Room } from './room.js'

const nothing = z.strictObject({})
/** Bytes of a body. */
const limit = 65_536
/** Bytes of all raw bodies that are held at the same time: anybody may send them. */
const rawRoom = new Room(33_554_432)

/** A request's parts, each after its schema: what the shape does not name is refused. */
export async function inputOf(shape: RouteShape, request: Request) {
  const params = check('path', shape.params ?? nothing, request.params)
  const query = check('query', shape.query ?? nothing, queryOf(request.url))
  const bytes = await bodyBytes(request, shape.raw)
  if (!shape.body && bytes.length > 0) {
    throw new WebError('WEB_BODY_UNWANTED', `${shape.method} ${shape.path} takes no body`, {
      status: 400,
      hint: 'Send the request without one.',
    })
  }
  const given = shape.raw === undefined ? () => bodyOf(bytes, request) : () => bytes
  const body = shape.body && check('body', shape.body, given())
  return { params, query, body }
}

/** The whole body. One that is too large is refused at once, by what it announces or by what has come, not when its sender is done, who may never be. */
function bodyBytes(request: Request, raw: number | undefined): Promise<Buffer> {
  const encoding = request.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') throw typeRefused('compressed')
  const most = raw ?? limit
  return new Promise((resolve, reject) => {
    const body = new Gathered()
    let stopped = false
    const stop = (error: WebError) => {
      stopped = true
      body.drop()
      reject(error)
    }
    if (Number(request.headers['content-length'] ?? 0) > most) return stop(tooLarge(most))
    endCrumbs(request)
    request.on('data', (chunk: Buffer) => {
      if (stopped) return
      if (body.size + chunk.length > most) return stop(tooLarge(most))
      const isRoom = raw === undefined || rawRoom.take(request, chunk.length, () => stop(full()))
      if (!isRoom) return stop(full())
      body.add(chunk)
    })
    request.once('end', () => {
      rawRoom.whole(request)
      resolve(body.bytes)
    })
    request.once('error', () => reject(malformed('the body ended before its announced length')))
  })
}

function tooLarge(most: number): WebError {
  return new WebError('WEB_BODY_TOO_LARGE', `the body is larger than ${most / 1024} KiB`, {
    status: 413,
    hint: 'Send less.',
  })
}

function full(): WebError {
  return new WebError('WEB_BODIES_FULL', 'as many bodies are being read as there is room for', {
    status: 429,
    hint: 'Send it again in a moment.',
    headers: { 'Retry-After': '5' },
  })
}

/** A body is JSON and says so: a form of another site cannot say that without being asked for permission first. */
function bodyOf(bytes: Buffer, { headers }: Request): unknown {
  const type = headers['content-type']
  if (type !== undefined && !/^application\/json *(?:; *charset="?utf-8"? *)?$/i.test(type))
    throw typeRefused(type)
  if (bytes.length === 0) return {}
  if (type === undefined) throw typeRefused('nothing')
  return parseJson(bytes)
}

function typeRefused(type: string): WebError {
  return new WebError(
    'WEB_BODY_TYPE',
    `a body is application/json, not ${JSON.stringify(type.slice(0, 100))}`,
    {
      status: 415,
      hint: 'Send Content-Type: application/json.',
    },
  )
}

/** The query by name. A name that stands twice is refused: readers disagree about which one counts. */
function queryOf(url: string): Record<string, string> {
  const start = url.indexOf('?')
  const found = new Map<string, string>()
  if (start < 0) return {}
  for (const [name, value] of new URLSearchParams(url.slice(start + 1))) {
    if (found.has(name)) throw invalid([{ path: `query.${shorten(name)}`, message: 'stands twice' }])
    found.set(name, value)
  }
  return Object.fromEntries(found)
}

/** What was given, after its schema, or every fault of it with its place. */
export function check<S extends z.ZodType>(where: string, schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw invalid(parsed.error.issues.flatMap((issue) => faults(where, issue)))
}

function faults(where: string, issue: z.core.$ZodIssue): { path: string; message: string }[] {
  const path = [where, ...issue.path.map(String)].map(shorten)
  if (issue.code !== 'unrecognized_keys') return [{ path: path.join('.'), message: issue.message }]
  return issue.keys.map((key) => ({ path: [...path, shorten(key)].join('.'), message: 'is not known here' }))
}

function shorten(text: string): string {
  return text.slice(0, 100)
}

/** Input that does not fit: every fault with its place, at most 20 of them. */
export function invalid(errors: { path: string; message: string }[]): WebError {
  const said = errors.slice(0, 3).map(({ path, message }) => `${path}: ${message}`)
  return new WebError('WEB_INPUT_INVALID', said.join('; ') + (errors.length > 3 ? '; and more' : ''), {
    status: 400,
    hint: 'Mend what `errors` names; docs/api.md lists what each route takes.',
    errors: errors.slice(0, 20),
  })
}

/** A cursor that no page of the list gave. */
export function cursorUnknown(): WebError {
  return invalid([{ path: 'query.cursor', message: 'is not the next of a page of this list' }])
}
