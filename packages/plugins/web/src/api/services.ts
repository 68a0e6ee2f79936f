import {
  serviceUnknown,
  type Flow,
  type Request,
  type RouteHandler,
  type RouteRequest,
} from '@longshore/core'
import { desired, nextStep, stateOf, StateWord, why, type coreRoutes } from '@longshore/core/protocol'
import type { Accepted, HostState, Placement, PlacementView, ServiceView } from '@longshore/core/protocol'
import type { ApiParts } from './parts.js'

type Routes = typeof coreRoutes

/** Placements as the API answers them, each with what is known of its host. */
export async function viewsOf(flow: Flow, placements: Placement[]): Promise<PlacementView[]> {
  const hosts = new Map<string, HostState | undefined>()
  for (const { host } of placements) if (!hosts.has(host)) hosts.set(host, await flow.hostState(host))
  return placements.map((placement) => {
    const host = hosts.get(placement.host)
    const { commit } = desired(placement)
    const told = { state: stateOf(placement, host), why: why(placement, host), next: nextStep(placement) }
    return { ...placement, ...told, desired: commit?.sha }
  })
}

/** A service is as well as its worst placement. */
async function serviceView(flow: Flow, name: string, placements: Placement[]): Promise<ServiceView> {
  const views = await viewsOf(flow, placements)
  const state = StateWord.options.find((word) => views.some((view) => view.state === word)) ?? 'unknown'
  return { name, state, placements: views }
}

/** The placements of a service, or the error that every door answers when there are none. */
export function placementsOf(flow: Flow, service: string, host?: string): Placement[] {
  const found = flow.placements().filter((each) => each.service === service && (!host || each.host === host))
  if (found.length === 0) throw serviceUnknown(service, host)
  return found
}

/** By name. What was removed from the config is listed only as long as something of it runs. */
export function listServices({ flow }: ApiParts): RouteHandler<Routes['services']> {
  return async ({ query: { limit, cursor } }) => {
    const byName = new Map<string, Placement[]>()
    for (const placement of flow.placements()) {
      if (!placement.declared && !placement.running && !placement.stuck) continue
      if (cursor !== undefined && placement.service <= cursor) continue
      byName.set(placement.service, [...(byName.get(placement.service) ?? []), placement])
    }
    const names = [...byName.keys()].sort()
    const page = names.slice(0, limit)
    const items = await Promise.all(page.map((name) => serviceView(flow, name, byName.get(name)!)))
    return { items, next: names.length > limit ? page.at(-1)! : null }
  }
}

export function showService({ flow }: ApiParts): RouteHandler<Routes['service']> {
  return async ({ params: { service } }) => serviceView(flow, service, placementsOf(flow, service))
}

type Action<B> = RouteRequest<{ service: string }, { host?: string }, B>
type Kind = Exclude<
  Extract<Request, { service: string }>['kind'],
  'quarantine' | 'lift' | 'heal' | 'reconsider' | 'admit'
>

/** An action is only asked for here: the flow decides, records and does it. */
export function actOn<K extends Kind>(kind: K, { flow, turns }: ApiParts) {
  return async <B extends object>({
    params: { service },
    query: { host },
    body,
    actor,
  }: Action<B>): Promise<Accepted> =>
    turns.name(await flow.request({ kind, service, host, ...body, actor } as unknown as Request))
}

export function bar({ flow, turns }: ApiParts): RouteHandler<Routes['quarantine']> {
  return async ({ params, query: { host }, body, actor }) =>
    turns.name(await flow.request({ kind: 'quarantine', ...params, host, ...body, actor }))
}

export function lift({ flow, turns }: ApiParts): RouteHandler<Routes['lift']> {
  return async ({ params, query: { host }, body, actor }) =>
    turns.name(await flow.request({ kind: 'lift', ...params, host, ...body, actor }))
}
