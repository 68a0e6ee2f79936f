import type { z } from 'zod'
import type { Caller, Knock } from '../contracts/gate.js'
import type { Actor, RouteShape } from '../protocol/index.js'

/** A request after its shape was checked and its right was granted. */
export interface RouteRequest<P = unknown, Q = unknown, B = unknown> {
  params: P
  query: Q
  body: B
  /** Who asks; of a route with the right `none` possibly nobody. */
  actor: Actor
  caller: Caller
  /** How the request came: what a sign-in is judged by. */
  knock: Knock
  /** Whether the caller has the route's right for a service: what is about others is left out of the answer. */
  sees(service: string): boolean
  /** Aborts when the client goes away. */
  signal: AbortSignal
  /** Lower-case names. */
  headers: Readonly<Record<string, string | undefined>>
}

/** A JSON answer with headers of its own. */
export class JsonReply<T> {
  readonly body: T
  readonly headers: Readonly<Record<string, string>>

  constructor(body: T, headers: Readonly<Record<string, string>>) {
    this.body = body
    this.headers = headers
  }
}

/** An answer that is not JSON: sent as it comes, with back-pressure, until it ends or the client goes away. */
export class StreamReply {
  readonly type: string
  readonly chunks: AsyncIterable<string | Uint8Array>
  readonly headers: Readonly<Record<string, string>>

  constructor(
    type: string,
    chunks: AsyncIterable<string | Uint8Array>,
    headers: Readonly<Record<string, string>> = {},
  ) {
    this.type = type
    this.chunks = chunks
    this.headers = headers
  }
}

/** A shape's schemas are optional keys: absent is not the same as unknown. */
type Parsed<S> = NonNullable<S> extends z.ZodType ? z.output<NonNullable<S>> : undefined
type Given<S> = NonNullable<S> extends z.ZodType ? z.input<NonNullable<S>> : unknown
export type RouteHandler<S extends RouteShape> = (
  request: RouteRequest<Parsed<S['params']>, Parsed<S['query']>, Parsed<S['body']>>,
) => Promise<Given<S['response']> | JsonReply<Given<S['response']>> | StreamReply>

/** A route and who answers it. */
export interface Route {
  plugin: string
  shape: RouteShape
  handler: (request: RouteRequest<any, any, any>) => Promise<unknown>
}
