import {
  deadline,
  describeError,
  LongshoreError,
  type Flow,
  type Request,
  type RouteHandler,
} from '@longshore/core'
import type { ActedWhere, Actor, coreRoutes, Where, WhereItem } from '@longshore/core/protocol'
import type { ApiParts } from './parts.js'

type Routes = typeof coreRoutes

/** Milliseconds that looking into the histories may take. */
const patience = 50_000

export function showWhere({ flow }: ApiParts): RouteHandler<Routes['where']> {
  return async ({ params: { commit }, sees, signal }) => whereSeen(flow, commit, sees, signal)
}

export function showPlan({ flow }: ApiParts): RouteHandler<Routes['plan']> {
  return async ({ params: { service }, query: { commit }, actor, signal }) =>
    flow.plan({ service, commit, actor }, bounded(signal))
}

/** Every service that runs such a commit, or would as soon as it may. */
export function stopWhere(parts: ApiParts): RouteHandler<Routes['stopWhere']> {
  return async ({ params: { commit }, body: { why }, actor, sees, signal }) => {
    const where = await whereSeen(parts.flow, commit, sees, signal)
    const concerned = where.items.filter(({ runs, would, waits }) => runs ?? would ?? waits)
    return act(parts, where, concerned, ({ service, host }) => ({ kind: 'stop', service, host, why, actor }))
  }
}

/** Also those that could only go back to one. */
export function quarantineWhere(parts: ApiParts): RouteHandler<Routes['quarantineWhere']> {
  return async ({ params: { commit }, body: { why }, actor, sees, signal }) => {
    const where = await whereSeen(parts.flow, commit, sees, signal)
    return act(parts, where, where.items, ({ service, host }) => {
      const bar = { commit: where.commit, descendants: true }
      return { kind: 'quarantine', service, host, ...bar, why, actor }
    })
  }
}

/** Without what is about services that the caller may not see, or not act on. */
async function whereSeen(
  flow: Flow,
  commit: string,
  sees: (service: string) => boolean,
  signal: AbortSignal,
): Promise<Where> {
  const { items, unknown, ...where } = await flow.where(commit, bounded(signal))
  const isSeen = ({ service }: { service: string }) => sees(service)
  return { ...where, items: items.filter(isSeen), unknown: unknown.filter(isSeen) }
}

function bounded(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, deadline(patience)])
}

/** At all of them, each recorded for itself; one that cannot be acted on keeps none of the others. */
async function act(
  { flow }: ApiParts,
  { commit, unknown }: Where,
  items: WhereItem[],
  request: (item: WhereItem) => Request & { actor: Actor },
): Promise<ActedWhere> {
  const acted = items.map(async (item): Promise<ActedWhere['items'][number]> => {
    const { service, host } = item
    try {
      return { service, host, ...(await flow.request(request(item))) }
    } catch (error) {
      if (!(error instanceof LongshoreError)) throw error
      return { service, host, ...describeError(error) }
    }
  })
  return { commit, items: await Promise.all(acted), unknown }
}
