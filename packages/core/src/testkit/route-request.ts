import type { RouteRequest } from '../contributions/route.js'
import type { Actor } from '../protocol/index.js'

/** A request as a handler gets it from who may everything here, with the parts that are given. */
export function routeRequest(parts: Partial<RouteRequest<any, any, any>>): RouteRequest<any, any, any> {
  const actor: Actor = parts.actor ?? { kind: 'local', name: 'test' }
  const headers = parts.headers ?? {}
  return {
    params: {},
    query: {},
    body: undefined,
    actor,
    caller: { actor, by: 'socket', id: 'local', from: undefined, holds: () => true },
    knock: { local: true, headers, from: undefined, secure: true },
    sees: () => true,
    signal: new AbortController().signal,
    headers,
    ...parts,
  }
}
