import type { RouteShape } from '@longshore/core/protocol'
import type { z } from 'zod'
import { ClientError } from './errors.js'

type Input<S> = NonNullable<S> extends z.ZodType ? z.input<NonNullable<S>> : undefined

/** What a route answers, as its shape says. */
export type Answer<S extends RouteShape> = z.output<NonNullable<S['response']>>

/** What a route takes, as its shape says; the query as text or numbers, as it is written in an address. */
export interface CallInput<S extends RouteShape> {
  params?: Input<S['params']>
  query?: Partial<Record<keyof Input<S['query']> & string, string | number | undefined>>
  body?: Input<S['body']>
}

export interface CallOptions {
  signal?: AbortSignal
  headers?: Record<string, string>
  /** Milliseconds that the answer may take, 60,000 unless given; of a stream until it begins. */
  timeout?: number
  /** Of a POST: what is asked for by the same key again is done once, and answered as it was then. */
  idempotencyKey?: string
}

/** One segment of a path, that stays one: dots alone would lead to another route. */
function segmentOf(name: string, value = ''): string {
  if (!/^\.{0,2}$/.test(value)) return encodeURIComponent(value)
  throw new ClientError('CLIENT_PARAM', `${JSON.stringify(value)} is no ${name}`, {
    hint: `Give params.${name}.`,
  })
}

/** The address of a request, from the root on. */
export function pathOf(shape: RouteShape, { params, query }: CallInput<RouteShape>): string {
  const given = (params ?? {}) as Record<string, string>
  const path = shape.path.replace(/:(\w+)/g, (_, name: string) => segmentOf(name, given[name]))
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries<string | number | undefined>(query ?? {}))
    if (value !== undefined) search.set(key, String(value))
  return `${shape.root ? '' : '/api/v1'}${path}${search.size > 0 ? `?${search}` : ''}`
}

export function headersOf(
  token: string | undefined,
  body: string | undefined,
  { headers = {}, idempotencyKey }: CallOptions,
): Record<string, string> {
  return {
    ...headers,
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
  }
}
