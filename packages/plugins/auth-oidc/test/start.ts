import { afterEach } from 'vitest'
import { definePlugin, JsonReply, StreamReply, type Logger, type RouteRequest } from '@longshore/core'
import type { RouteShape } from '@longshore/core/protocol'
import { HandClock, routeRequest, startTestKernel, type TestKernel } from '@longshore/core/testkit'
import { z } from 'zod'
import oidc from '../src/index.js'
import { oidcRoutes } from '../src/protocol.js'
import { LyingProvider } from './provider.js'

/** What is of interest of the web plugin's section. */
const web = definePlugin({
  name: 'web',
  config: z
    .object({
      url: z
        .url()
        .transform((text) => new URL(text))
        .optional(),
    })
    .prefault({}),
  setup: () => undefined,
})

export interface Answer {
  code?: string
  message?: string
  hint?: string
  headers: Readonly<Record<string, string>>
  page?: string
}

export interface Ask {
  query?: Record<string, string>
  cookie?: string
  from?: string
  secure?: boolean
}

export interface Oidc extends TestKernel {
  clock: HandClock
  ask(shape: RouteShape, ask?: Ask): Promise<Answer>
  /** Goes to the provider as a browser does: where it is led to, and the cookie that it keeps. */
  begin(ask?: Ask): Promise<{ location: string; cookie: string }>
  finish(ask: Ask): Promise<Answer>
  /** Resolves when the doctor says that the provider answers, or does not. */
  says(ok: boolean): Promise<string>
}

const ends: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

export async function startProvider(): Promise<LyingProvider> {
  const provider = await new LyingProvider().start()
  ends.push(() => provider.stop())
  return provider
}

export const url = 'https://ship.example'

export function sectionFor(provider: Pick<LyingProvider, 'issuer'>, more: object = {}): object {
  const clientSecret = { secret: 'fake:oidc' }
  const roles = { admin: ['root'], operator: ['ops', 'night'], viewer: ['all'] }
  return { issuer: provider.issuer, clientId: 'longshore', clientSecret, roles, ...more }
}

/** A kernel with the plugin, and a gate that lets in everybody who is vouched for. */
export async function startOidc(
  provider: LyingProvider,
  more: object = {},
  { isAway = false, logger }: { isAway?: boolean; logger?: Logger } = {},
): Promise<Oidc> {
  const clock = new HandClock()
  const config = { web: { url }, auth: { oidc: sectionFor(provider, more) } }
  const kernel = await startTestKernel({ plugins: [web, oidc], config, clock, ...(logger && { logger }) })
  ends.push(() => kernel.stop())
  kernel.secrets.values.set('oidc', provider.client.secret)
  const { routes, doctor } = kernel.kernel.contributions
  const ask: Oidc['ask'] = (shape, given = {}) =>
    answer(routes.find((route) => route.shape === shape)!.handler, shape, given)
  const says: Oidc['says'] = async (ok) => {
    for (;;) {
      const line = await doctor
        .find(({ plugin }) => plugin === 'auth-oidc')!
        .look(new AbortController().signal)
      if (line.ok === ok) return line.say
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  const begin: Oidc['begin'] = async (given) => {
    const { headers, message } = await ask(oidcRoutes.begin, given)
    if (message !== undefined) throw new Error(message)
    return { location: headers['Location']!, cookie: headers['Set-Cookie']!.split(';')[0]! }
  }
  if (!isAway) await says(true)
  return { ...kernel, clock, ask, begin, finish: (given) => ask(oidcRoutes.finish, given), says }
}

async function answer(
  handler: (request: RouteRequest<any, any, any>) => Promise<unknown>,
  shape: RouteShape,
  { query = {}, cookie, from = '192.0.2.1', secure = true }: Ask,
): Promise<Answer> {
  const headers = cookie === undefined ? {} : { cookie }
  const knock = { local: false, from, secure, headers }
  try {
    const parsed = shape.query?.parse(query)
    const reply = await handler(routeRequest({ query: parsed, knock, headers }))
    if (reply instanceof JsonReply) {
      shape.response!.parse(reply.body)
      return { headers: reply.headers }
    }
    if (!(reply instanceof StreamReply)) throw new Error('it answered nothing')
    let page = ''
    for await (const chunk of reply.chunks) page += String(chunk)
    return { headers: reply.headers, page }
  } catch (error) {
    const { code, message, hint } = error as Answer & Error
    return { headers: {}, ...(code !== undefined && { code }), message, ...(hint !== undefined && { hint }) }
  }
}
