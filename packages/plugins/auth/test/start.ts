import { afterEach } from 'vitest'
import { Gate, JsonReply, type Knock, type Route } from '@longshore/core'
import { HandClock, startTestKernel, type TestKernel, type TestKernelOptions } from '@longshore/core/testkit'
import type { Event, RouteShape } from '@longshore/core/protocol'
import auth from '../src/index.js'
import { sessionRoutes, tokenRoutes } from '../src/protocol/index.js'

export interface Answer {
  status: number
  code?: string
  body?: any
  /** The cookie that it set, as a browser sends it back. */
  cookie?: string
}

export interface Ask {
  params?: Record<string, string>
  query?: Record<string, string>
  body?: unknown
  /** Over the socket; otherwise from `from` (192.0.2.1) with these headers. */
  local?: boolean
  from?: string
  secure?: boolean
  headers?: Record<string, string>
}

export interface Auth extends TestKernel {
  clock: HandClock
  gate: never
  access: Gate
  /** Asks a route as the web plugin does: who, may, the shape, the handler. */
  ask(shape: RouteShape, ask?: Ask): Promise<Answer>
  /** Events about who may, the oldest first. */
  decisions(): Promise<Event[]>
}

const open: TestKernel[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((kernel) => kernel.stop()))
})

/** A kernel with the plugin under a clock that is moved by hand. */
export async function startAuth(options: TestKernelOptions = {}): Promise<Auth> {
  const clock = (options.clock as HandClock | undefined) ?? new HandClock()
  const kernel = await startTestKernel({ ...options, clock, plugins: [auth, ...(options.plugins ?? [])] })
  open.push(kernel)
  const access = kernel.kernel.get(Gate)
  const routes = new Map(kernel.kernel.contributions.routes.map((route) => [route.shape, route]))
  return {
    ...kernel,
    gate: undefined as never,
    clock,
    access,
    ask: (shape, ask = {}) => answer(access, routes.get(shape)!, ask),
    decisions: async () => {
      const { events } = await kernel.journal.read({ after: 0, limit: 1_000 })
      return events.filter(({ kind }) => kind.startsWith('access.'))
    },
  }
}

export function knockOf({ local = false, from = '192.0.2.1', secure = true, headers = {} }: Ask): Knock {
  return { local, from: local ? undefined : from, secure, headers }
}

async function answer(gate: Gate, { shape, handler }: Route, ask: Ask): Promise<Answer> {
  const knock = knockOf(ask)
  try {
    const caller = await gate.who(knock)
    const { right, scoped, method, path } = shape
    const wanted = { right, scoped, what: `${method} ${path}`, changes: method !== 'GET' }
    const grant = right === 'none' ? { ok: true as const } : await gate.may(caller, wanted)
    if (!grant.ok) return { status: caller.by === 'nothing' ? 401 : 403, code: grant.code }
    const body = shape.body?.safeParse(ask.body ?? {})
    if (body && !body.success) return { status: 400, code: body.error.issues[0]!.message }
    const params = shape.params?.parse(ask.params ?? {})
    const query = shape.query?.parse(ask.query ?? {})
    const { actor } = caller
    const sees = (service: string) => caller.holds(right, service)
    const { signal } = new AbortController()
    const request = {
      params,
      query,
      body: body?.data,
      actor,
      caller,
      knock,
      sees,
      signal,
      headers: knock.headers,
    }
    const reply = await handler(request)
    const headers: Record<string, string> = reply instanceof JsonReply ? reply.headers : {}
    const value = reply instanceof JsonReply ? reply.body : reply
    const cookie = headers['Set-Cookie']?.split(';')[0]
    return { status: shape.status ?? 200, body: shape.response!.parse(value), ...(cookie && { cookie }) }
  } catch (error) {
    return { status: 0, code: (error as { code?: string }).code ?? String(error) }
  }
}

export const password = 'correct horse battery'

/** Makes the first administrator, and answers what its browser sends from now on. */
export async function setUp(auth: Auth, name = 'ines'): Promise<Record<string, string>> {
  const { body } = await auth.ask(sessionRoutes.setUpLink, { local: true })
  const token = body.path.split('#')[1]
  const { status, cookie } = await auth.ask(sessionRoutes.setUp, { body: { token, name, password } })
  if (status !== 201) throw new Error(`the set-up was answered by ${status}`)
  return { cookie: cookie! }
}

export const signIn = (auth: Auth, body: object, ask: Ask = {}) =>
  auth.ask(sessionRoutes.signIn, { ...ask, body })

/** A token, and what its program sends. */
export async function token(auth: Auth, wish: object, ask: Ask = { local: true }) {
  const { body, code } = await auth.ask(tokenRoutes.addToken, { ...ask, body: { name: 'ci', ...wish } })
  return { id: body?.id as string, code, headers: { authorization: `Bearer ${body?.token}` } }
}
