import type { z } from 'zod'
import type { RouteShape } from '@longshore/core/protocol'
import type { PlacedRoute } from '../routes.js'
import { refusalComponents, refusalsOf } from './refusals.js'
import { Schemas, type JsonSchema } from './schemas.js'

/** How a request shows who it comes from. */
const securitySchemes = {
  token: { type: 'http', scheme: 'bearer', description: 'A token that was made for a program.' },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: '__Host-longshore',
    description: 'The session of who signed in; over plain loopback the cookie is named `longshore`.',
  },
}

/** Headers that change what is answered. */
const headers = {
  ifNoneMatch: headerOf('If-None-Match', { type: 'string' }),
  idempotencyKey: headerOf('Idempotency-Key', { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$' }),
}

/** OpenAPI 3.1 (spec.openapis.org/oas/v3.1.1) of the routes that are served, made of the schemas that check their requests. */
export function openApiOf(routes: readonly PlacedRoute[], version: string): OpenApi {
  const schemas = new Schemas()
  const paths: OpenApi['paths'] = {}
  for (const route of routes) {
    const path = route.path.replace(/:([A-Za-z]+)/g, '{$1}')
    const item = (paths[path] ??= {})
    item[route.shape.method.toLowerCase()] = operationOf(route, schemas)
  }
  return {
    openapi: '3.1.1',
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    info: {
      title: 'Longshore',
      version,
      description:
        'Everything that Longshore knows and does. An action answers 202 with the seq of the fact that it became, or before all that the deployment tells which it began; errors are problem details (RFC 9457) with a stable code and a hint. docs/errors.md lists the codes.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(routes.map(({ plugin }) => plugin))].map((name) => ({ name })),
    paths,
    components: {
      schemas: schemas.named,
      responses: refusalComponents(schemas),
      securitySchemes,
    },
  }
}

function operationOf({ plugin, shape, path }: PlacedRoute, schemas: Schemas): Operation {
  const parameters = [
    ...parametersOf('path', shape.params, schemas),
    ...parametersOf('query', shape.query, schemas),
    ...headersOf(shape),
  ]
  return {
    operationId: idOf(shape, path),
    tags: [plugin],
    summary: shape.summary,
    'x-right': shape.right,
    ...(shape.right !== 'none' && { security: [{ token: [] }, { session: [] }] }),
    ...(parameters.length > 0 && { parameters }),
    ...(shape.raw !== undefined && { requestBody: rawBody }),
    ...(shape.body && shape.raw === undefined && { requestBody: bodyOf(shape.body, schemas) }),
    responses: {
      [String(shape.status ?? 200)]: { description: 'All is well.', content: contentOf(shape, schemas) },
      ...(shape.method === 'GET' && shape.response && { 304: { description: 'It is as it was.' } }),
      ...refusalsOf(shape),
    },
  }
}

/** `getServicesByServiceCommits`: unlike a path it is a name in every language. */
function idOf({ method }: RouteShape, path: string): string {
  const words = path.split('/').filter((word) => !['', 'api', 'v1'].includes(word))
  const names = words.map((word) =>
    word
      .replace(/^:/, 'by-')
      .split(/[^A-Za-z0-9]+/)
      .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
      .join(''),
  )
  return method.toLowerCase() + names.join('')
}

function parametersOf(place: 'path' | 'query', schema: z.ZodType | undefined, schemas: Schemas): Parameter[] {
  if (!schema) return []
  const { properties = {}, required = [] } = schemas.of(schema)
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema,
  }))
}

function bodyOf(body: z.ZodType, schemas: Schemas): RequestBody {
  return {
    required: !body.safeParse({}).success,
    content: { 'application/json': { schema: schemas.of(body) } },
  }
}

/** What is taken as it comes: its sender says what it is. */
const rawBody: RequestBody = {
  required: true,
  content: { 'application/json': { schema: {} }, 'application/x-www-form-urlencoded': { schema: {} } },
}

function contentOf({ response, produces = [] }: RouteShape, schemas: Schemas): Content {
  if (response) return { 'application/json': { schema: schemas.of(response) } }
  return Object.fromEntries(produces.map((type) => [type, { schema: { type: 'string' } }]))
}

function headersOf({ method, right, response }: RouteShape): Parameter[] {
  if (method === 'GET') return response ? [headers.ifNoneMatch] : []
  return method === 'POST' && right !== 'none' ? [headers.idempotencyKey] : []
}

function headerOf(name: string, schema: JsonSchema): Parameter {
  return { name, in: 'header', required: false, schema }
}

type Content = Record<string, { schema: JsonSchema }>

interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  required: boolean
  schema: JsonSchema
}

interface RequestBody {
  required: boolean
  content: Content
}

interface Response {
  description: string
  content?: Content
}

export interface Operation {
  operationId: string
  tags: string[]
  summary: string
  /** What the caller must be allowed to do. */
  'x-right': string
  security?: Record<string, string[]>[]
  parameters?: Parameter[]
  requestBody?: RequestBody
  responses: Record<string, Response | { $ref: string }>
}

/** As much of the format as is written here. */
export interface OpenApi {
  openapi: string
  jsonSchemaDialect: string
  info: { title: string; version: string; description: string; license: { name: string; identifier: string } }
  servers: { url: string }[]
  tags: { name: string }[]
  paths: Record<string, Record<string, Operation>>
  components: {
    schemas: Record<string, JsonSchema>
    responses: Record<string, Response>
    securitySchemes: Record<string, Record<string, string>>
  }
}
