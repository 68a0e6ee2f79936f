import { definePlugin, Forge, type Plugin, type RouteRequest } from '@longshore/core'
import type { Event } from '@longshore/core/protocol'
import {
  FakeForge,
  FakeForgeConfig,
  fakeHook,
  FakeGit,
  routeRequest,
  startTestKernel,
} from '@longshore/core/testkit'
import type { TestKernel, TestKernelOptions } from '@longshore/core/testkit'
import { onTestFinished } from 'vitest'
import hooks from '../src/index.js'
import { hookRoutes, type Delivery, type Taken } from '../src/protocol.js'

export const secret = 'a secret of the fake'
export const repository = 'https://git.example/team/app.git'
export const fakeForge = definePlugin({
  name: 'fake-forge',
  provides: [Forge],
  forges: { fake: FakeForgeConfig },
  setup: ({ provide }) => provide(Forge, 'fake', new FakeForge()),
})

export const section = { fake: { secret: { secret: 'fake:team#hook' } } }

interface Given extends Omit<TestKernelOptions, 'plugins' | 'config'> {
  services?: Record<string, object>
  hooks?: object
  rest?: object
}

type Sent = { headers: Readonly<Record<string, string | undefined>>; body: Uint8Array }

export interface Place extends TestKernel {
  /** The answer to a webhook, or the error that it gets. */
  post(sent: Sent, forge?: string, service?: string): Promise<Taken>
  /** As who sees everything is told, or who sees these services. */
  deliveries(seen?: string[]): Promise<Delivery[]>
  /** As a push to a branch of the repository would be told. */
  push(content?: object): Sent
  /** Of a kind, and a commit, so far. */
  events(kind: string, commit?: string): Promise<Event[]>
}

/** A kernel whose git looks only when somebody asks, with a service `app` and the fake forge, until the test ends. */
export async function startPlace({
  services,
  hooks: part = section,
  rest,
  ...options
}: Given = {}): Promise<Place> {
  const git = options.git ?? new FakeGit()
  git.lazy = true
  const app = { source: { url: repository }, run: { kind: 'fake' } }
  const kernel = await startTestKernel({
    ...options,
    git,
    plugins: [fakeForge as Plugin, hooks as Plugin],
    config: { services: services ?? { app }, hooks: part, ...rest },
  })
  onTestFinished(() => kernel.stop())
  kernel.secrets.values.set('team#hook', secret).set('team#token', 'token-canary')
  const ask = async (name: keyof typeof hookRoutes, params: object, sent?: object): Promise<unknown> => {
    const { shape, handler } = kernel.kernel.contributions.routes.find(
      (each) => each.shape === hookRoutes[name],
    )!
    const request = routeRequest({ params: shape.params?.parse(params), ...sent })
    return shape.response!.parse(await handler(request))
  }
  return {
    ...kernel,
    post: (sent, forge = 'fake', service) =>
      ask(
        service === undefined ? 'take' : 'takeFor',
        service === undefined ? { forge } : { forge, service },
        sent,
      ) as Promise<Taken>,
    deliveries: async (seen) =>
      ((await ask('deliveries', {}, seen && limitedTo(seen))) as { items: Delivery[] }).items,
    push: (content = {}) =>
      fakeHook(secret, { event: 'push', repository, ref: 'refs/heads/main', ...content }),
    events: async (kind, commit) => {
      const { events } = await kernel.journal.read({ kind, limit: 1000 })
      return events.filter((event) => commit === undefined || event.commit === commit)
    },
  }
}

/** What a request has of who sees these services only. */
function limitedTo(seen: string[]): Partial<RouteRequest> {
  const sees = (service?: string) => service !== undefined && seen.includes(service)
  const actor = { kind: 'user', name: 'bob' } as const
  const caller = { actor, by: 'cookie', id: 'user bob', from: undefined } as const
  return { sees, caller: { ...caller, holds: (_, service) => sees(service) } }
}
