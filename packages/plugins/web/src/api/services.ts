import {
  serviceUnknown,
  UnavailableError,
  type Flow,
  type Moment,
  type Request,
  type RouteHandler,
  type RouteRequest,
} from '@longshore/core'
import { alive, parsePoint, StateWord, viewOf, type coreRoutes } from '@longshore/core/protocol'
import type { Accepted, Page, Placement, PlacementView, ServiceView } from '@longshore/core/protocol'
import { cursorUnknown } from '../input.js'
import { MadeJson } from '../made-json.js'
import type { ApiParts } from './parts.js'

type Routes = typeof coreRoutes

/** Earlier states that one caller waits for at the same time: nobody takes all the places that there are. */
const mostLooks = 4

const all = new WeakMap<Moment, PlacementView[]>()

/** All placements of a moment as the API answers them, by service. */
export function viewsOf(moment: Moment): PlacementView[] {
  const known = all.get(moment) ?? told(moment, [...moment.placements.values()])
  all.set(moment, known)
  return known
}

function told({ hosts }: Moment, placements: Placement[]): PlacementView[] {
  const found = placements.map((placement) => viewOf(placement, hosts.get(placement.host)))
  return found.sort((a, b) => compare(a.service, b.service) || compare(a.host, b.host))
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** A service is as well as its worst placement. */
function serviceView(name: string, placements: PlacementView[]): ServiceView {
  const state = StateWord.options.find((word) => placements.some((view) => view.state === word)) ?? 'unknown'
  return { name, state, placements }
}

const made = new WeakMap<PlacementView, { views: PlacementView[]; json: MadeJson }>()

/**
 * Without what it could go back to, and what ran and ended before what runs now: most of the text, and for who looks at
 * one service.
 */
function listed({ kept: _, instances, ...view }: PlacementView): PlacementView {
  const now = new Set([view.running?.deployment, view.deployment?.id])
  now.delete(undefined)
  const shown = instances.filter(({ state, deployment }) => alive.has(state) || now.has(deployment))
  return { ...view, instances: shown }
}

/** The same as JSON, kept with the views that it is made of: of many services few have changed since they were asked for. */
function serviceJson(name: string, views: PlacementView[]): MadeJson {
  const known = made.get(views[0]!)
  if (known?.views.length === views.length && views.every((view, index) => view === known.views[index]))
    return known.json
  const json = MadeJson.of(serviceView(name, views.map(listed)))
  made.set(views[0]!, { views, json })
  return json
}

/** The placements of a service, or the error that every door answers when there are none. */
export function placementsOf(flow: Flow, service: string, host?: string): Placement[] {
  return ofService(flow.now(), service, host)
}

function ofService({ placements }: Moment, service: string, host?: string): Placement[] {
  const found = [...placements.values()].filter(
    (each) => each.service === service && (!host || each.host === host),
  )
  if (found.length === 0) throw serviceUnknown(service, host)
  return found
}

/** The moment that is asked for by `at`; now, when it is not given. */
export async function momentOf(
  { flow, clock, looks }: Pick<ApiParts, 'flow' | 'clock' | 'looks'>,
  at: string | undefined,
  { caller, signal }: Pick<RouteRequest, 'caller' | 'signal'>,
): Promise<Moment> {
  const point = at === undefined ? undefined : parsePoint(at, clock.now())
  if (!point) return flow.now()
  if (looks.of(caller.id) >= mostLooks) {
    const hint = 'Wait for one of them, and ask again.'
    throw new UnavailableError('WEB_LOOKS_FULL', `you wait to see ${mostLooks} earlier states already`, {
      hint,
    })
  }
  const undo = looks.add(caller.id)
  try {
    return await flow.at(point, signal)
  } finally {
    undo()
  }
}

/**
 * By name. What was removed from the config is listed only as long as something of it runs. The cursor of an earlier
 * state names its seq: all pages are of the same moment, also where `at` is a span back from now.
 */
export function listServices(parts: ApiParts): RouteHandler<Routes['services']> {
  return async ({ query: { limit, cursor, at }, sees, ...asker }) => {
    const place = placeOf(cursor)
    const moment = await momentOf(parts, place?.seq ?? at, asker)
    const byName = new Map<string, PlacementView[]>()
    for (const view of viewsOf(moment)) {
      if (!view.declared && !view.running && !view.stuck) continue
      if (!sees(view.service) || (place && view.service <= place.name)) continue
      const found = byName.get(view.service)
      if (found) found.push(view)
      else byName.set(view.service, [view])
    }
    const page = [...byName].slice(0, limit)
    const last = page.at(-1)?.[0]
    const more = byName.size > page.length && last !== undefined
    const next = at === undefined && place?.seq === undefined ? last! : `${last}@${moment.seq}`
    const items = page.map(([name, found]) => serviceJson(name, found))
    return MadeJson.page(items, more ? next : null) as unknown as Page<ServiceView>
  }
}

/** A name, of an earlier state with its seq behind it. */
function placeOf(cursor: string | undefined): { name: string; seq?: string } | undefined {
  if (cursor === undefined) return undefined
  const [, name, seq] = /^([a-z0-9-]{1,63})(?:@(\d{1,15}))?$/.exec(cursor) ?? []
  if (name === undefined) throw cursorUnknown()
  return { name, seq }
}

export function showService(parts: ApiParts): RouteHandler<Routes['service']> {
  return async ({ params: { service }, query: { at }, ...asker }) => {
    const moment = await momentOf(parts, at, asker)
    return serviceView(service, told(moment, ofService(moment, service)))
  }
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
