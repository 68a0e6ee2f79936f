import { Problem, type RouteShape } from '@longshore/core/protocol'
import type { JsonSchema, Schemas } from './schemas.js'

/** What a route refuses, by the status that says so. A 500 is none of these: it is a fault of Longshore itself. */
const refusals: Record<string, { name: string; description: string; of?: (shape: RouteShape) => boolean }> = {
  400: { name: 'Invalid', description: 'What was sent does not fit; `errors` has the place of each fault.' },
  401: {
    name: 'Unknown',
    description: 'Nobody is known by what the request shows.',
    // What comes as it is, is let in by its signature.
    of: ({ right, raw }) => right !== 'none' || raw !== undefined,
  },
  403: { name: 'Forbidden', description: 'Who asks may not, or a page of another site had it asked.' },
  404: { name: 'Missing', description: 'There is no such thing here.' },
  408: { name: 'TooSlow', description: 'The headers or the body did not come in time.' },
  409: { name: 'Refused', description: 'As things are it is forbidden; the code says by what.' },
  413: { name: 'TooLarge', description: 'The body is too large.' },
  415: { name: 'NoJson', description: 'The body is not JSON, does not say so, or is compressed.' },
  421: { name: 'Elsewhere', description: 'This host does not answer under the name that was asked for.' },
  422: {
    name: 'KeyReused',
    description: 'The `Idempotency-Key` came with another request.',
    of: ({ method, right }) => method === 'POST' && right !== 'none',
  },
  429: {
    name: 'TooMany',
    description: 'More come than are worked on; `Retry-After` says when to ask again.',
    of: ({ raw }) => raw !== undefined,
  },
  431: { name: 'HeadersTooLarge', description: 'Address and headers are larger than 16 KiB.' },
  503: { name: 'Unavailable', description: 'It is not to be had now, or too many ask; ask again later.' },
}

/** The refusals of one route. */
export function refusalsOf(shape: RouteShape): Record<string, { $ref: string }> {
  const own = Object.entries(refusals).filter(([, { of }]) => of?.(shape) ?? true)
  return Object.fromEntries(
    own.map(([status, { name }]) => [status, { $ref: `#/components/responses/${name}` }]),
  )
}

/** All of them, as the components that the routes refer to. */
export function refusalComponents(schemas: Schemas): Record<string, Refusal> {
  const content = { 'application/problem+json': { schema: schemas.of(Problem) } }
  return Object.fromEntries(
    Object.values(refusals).map(({ name, description }) => [name, { description, content }]),
  )
}

interface Refusal {
  description: string
  content: Record<string, { schema: JsonSchema }>
}
