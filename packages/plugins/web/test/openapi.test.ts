import { Validator } from '@seriousme/openapi-schema-validator'
import { definePlugin } from '@longshore/core'
import { coreRoutes, shape, type RouteShape } from '@longshore/core/protocol'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { startWeb } from './start.js'

const Moon = z.strictObject({ phase: z.enum(['new', 'full']) }).meta({ id: 'Moon' })
const strangers = shape({
  method: 'PUT',
  path: '/moons/:moon',
  summary: 'Shine <b>brightly</b>',
  right: 'moons:write',
  params: z.strictObject({ moon: z.string() }),
  query: z.strictObject({ late: z.enum(['0', '1']).default('0'), from: z.string() }),
  body: Moon,
  response: z.strictObject({ moons: z.array(Moon) }),
})
const plugin = definePlugin({
  name: 'moons',
  version: '1.0.0',
  setup: ({ routes }) => routes.add(strangers, async ({ body }) => ({ moons: [body] })),
})

describe('the API’s description of itself', () => {
  it('is valid OpenAPI 3.1', async () => {
    const { ask } = await startWeb({ plugins: [plugin] })
    const { json } = await ask('/api/v1/openapi.json')
    expect(await new Validator().validate(json)).toMatchObject({ valid: true })
    expect(json.openapi).toBe('3.1.1')
  })

  it('holds every route that is served, also a stranger’s, and no other', async () => {
    const { ask } = await startWeb({ plugins: [plugin] })
    const { json } = await ask('/api/v1/openapi.json')
    const listed = Object.entries<object>(json.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    )
    const core = Object.values<RouteShape>(coreRoutes).map(
      ({ method, root, path }) => `${method} ${root ? '' : '/api/v1'}${path.replace(/:([a-z]+)/g, '{$1}')}`,
    )
    const own = ['GET /api/v1/docs', 'GET /api/v1/docs.css', 'GET /api/v1/openapi.json']
    expect(listed.sort()).toEqual([...core, ...own, 'PUT /api/v1/moons/{moon}'].sort())
  })

  it('tells what a route takes, as it is sent, and what it answers', async () => {
    const { ask } = await startWeb({ plugins: [plugin] })
    const { json } = await ask('/api/v1/openapi.json')
    expect(json.paths['/api/v1/moons/{moon}'].put).toMatchObject({
      tags: ['moons'],
      summary: 'Shine <b>brightly</b>',
      'x-right': 'moons:write',
      parameters: [
        { name: 'moon', in: 'path', required: true, schema: { type: 'string' } },
        { name: 'late', in: 'query', required: false, schema: { enum: ['0', '1'], default: '0' } },
        { name: 'from', in: 'query', required: true },
      ],
      requestBody: {
        required: true,
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Moon' } } },
      },
      security: [{ token: [] }, { session: [] }],
      responses: { 401: { $ref: '#/components/responses/Unknown' } },
    })
    const { Unknown } = json.components.responses
    expect(Unknown.content['application/problem+json'].schema.$ref).toBe('#/components/schemas/Problem')
    expect(json.paths['/api/v1/services'].get.parameters.at(-1)).toMatchObject({
      name: 'If-None-Match',
      in: 'header',
      required: false,
    })
    expect(json.paths['/livez'].get.security).toBeUndefined()
    expect(json.components.schemas.Moon).toMatchObject({ required: ['phase'], additionalProperties: false })
  })
})

describe('the page of the API', () => {
  it('names every route, and runs and fetches nothing from elsewhere', async () => {
    const { ask } = await startWeb({ plugins: [plugin] })
    const { headers, text } = await ask('/api/v1/docs')
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    for (const { path } of Object.values<RouteShape>(coreRoutes)) expect(text).toContain(path.split(':')[0])
    expect(text).not.toMatch(/<script|style=|https?:\/\//)
    expect(text).toContain('Shine &#60;b&#62;brightly&#60;/b&#62;')
    for (const [, target] of text.matchAll(/href="#([^"]+)"/g)) expect(text).toContain(`id="${target}"`)
  })

  it('has its style beside it', async () => {
    const { ask } = await startWeb()
    const { headers, text } = await ask('/api/v1/docs.css')
    expect(headers['content-type']).toBe('text/css; charset=utf-8')
    expect(text).toContain('light-dark(')
  })
})
