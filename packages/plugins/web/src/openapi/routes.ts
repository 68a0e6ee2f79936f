import { z } from 'zod'
import { StreamReply, type Contributions, type HostInfo, type SetupContext } from '@longshore/core'
import { shape } from '@longshore/core/protocol'
import { placeRoutes } from '../routes.js'
import { openApiOf, type OpenApi } from './document.js'
import { pageOf } from './page.js'
import { style } from './style.js'

/** The API's description of itself. */
export const docRoutes = {
  openApi: shape({
    method: 'GET',
    path: '/openapi.json',
    summary: 'This API as OpenAPI 3.1, made of the schemas that check its requests',
    right: 'services:read',
    scoped: true,
    response: z.looseObject({ openapi: z.string() }),
  }),
  page: shape({
    method: 'GET',
    path: '/docs',
    summary: 'The same as a page',
    right: 'services:read',
    scoped: true,
    produces: ['text/html'],
  }),
  style: shape({
    method: 'GET',
    path: '/docs.css',
    summary: 'The style of that page',
    right: 'services:read',
    scoped: true,
    produces: ['text/css'],
  }),
} as const

interface Parts {
  contributions: Contributions
  host: HostInfo
}

/** Adds them; the document is made when it is first asked for, of all that is served then. */
export function addDocRoutes(
  { add }: SetupContext<unknown, Record<never, never>>['routes'],
  { contributions, host }: Parts,
): void {
  let made: OpenApi | undefined
  const document = () => (made ??= openApiOf(placeRoutes(contributions.routes), host.version))
  const whole = (type: string, text: string) => new StreamReply(`${type}; charset=utf-8`, chunks(text))
  add(docRoutes.openApi, async () => ({ ...document() }))
  add(docRoutes.page, async () => whole('text/html', pageOf(document())))
  add(docRoutes.style, async () => whole('text/css', style))
}

async function* chunks(text: string): AsyncGenerator<string> {
  yield text
}
