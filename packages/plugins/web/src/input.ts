import express, { type Request, type Response } from 'express'
import { z } from 'zod'
import type { RouteShape } from '@longshore/core/protocol'
import { WebError } from './errors.js'
import { parseJson } from './json.js'

const nothing = z.strictObject({})
const readBytes = express.raw({ type: () => true, limit: 65_536, inflate: false })

/** A request's parts, each after its schema: what the shape does not name is refused. */
export async function inputOf(shape: RouteShape, request: Request, response: Response) {
  const params = check('path', shape.params ?? nothing, request.params)
  const query = check('query', shape.query ?? nothing, queryOf(request.url))
  const bytes = await bodyBytes(request, response)
  if (!shape.body && bytes.length > 0) {
    throw new WebError('WEB_BODY_UNWANTED', `${shape.method} ${shape.path} takes no body`, {
      status: 400,
      hint: 'Send the request without one.',
    })
  }
  const body = shape.body && check('body', shape.body, bodyOf(bytes, request))
  return { params, query, body }
}

function bodyBytes(request: Request, response: Response): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    readBytes(request, response, (error?: unknown) => {
      if (error) reject(error as Error)
      else resolve(Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0))
    })
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

function check(where: string, schema: z.ZodType, value: unknown): unknown {
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
