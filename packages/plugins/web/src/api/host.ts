import { describeError, within, type RouteHandler } from '@longshore/core'
import { StateWord, type coreRoutes, type PlacementView } from '@longshore/core/protocol'
import { WebError } from '../errors.js'
import { seenBy } from './events.js'
import type { ApiParts } from './parts.js'
import { momentOf, viewsOf } from './services.js'

type Routes = typeof coreRoutes

/** Milliseconds that one look may take, and for which what was found is told again without looking. */
const look = { time: 5_000, fresh: 1_000 }

interface Fault {
  path: string
  message: string
}

/** Ready when everything has started and no look finds anything wrong. Probes that come together share one look. */
export function tellReady({ contributions, clock }: ApiParts): RouteHandler<Routes['readyz']> {
  let last: { at: number; faults: Promise<Fault[]> } | undefined
  return async ({ caller }) => {
    if (!last || clock.monotonic() - last.at > look.fresh) {
      last = { at: clock.monotonic(), faults: faultsOf(contributions) }
    }
    const found = contributions.ready()
      ? await last.faults
      : [{ path: 'kernel', message: 'it is starting or stopping' }]
    if (found.length === 0) return { ok: true }
    // Paths and addresses of this host are nothing for strangers, who may ask too.
    const isTold = caller.holds('host:read')
    const faults = isTold ? found : found.map(({ path }) => ({ path, message: 'it is not well' }))
    throw new WebError('WEB_NOT_READY', faults.map(({ path, message }) => `${path}: ${message}`).join('; '), {
      status: 503,
      hint: 'Run longshore doctor on this machine.',
      errors: faults,
      headers: { 'Retry-After': '5' },
    })
  }
}

async function faultsOf({ doctor }: ApiParts['contributions']): Promise<Fault[]> {
  const looks = doctor.map(async ({ plugin, line, look: ask }): Promise<Fault[]> => {
    const path = `${plugin}/${line}`
    try {
      const { ok, say } = await within(look.time, path, ask)
      return ok ? [] : [{ path, message: say }]
    } catch (error) {
      return [{ path, message: describeError(error).reason }]
    }
  })
  return (await Promise.all(looks)).flat()
}

export function showInfo({ contributions, host, url, declared }: ApiParts): RouteHandler<Routes['info']> {
  return async () => ({
    version: host.version,
    host: host.name,
    url: url(),
    started: new Date(host.started).toISOString(),
    retention: declared.current().retention,
    plugins: contributions.plugins.map(({ name, version, provides }) => ({ name, version, provides })),
  })
}

/** How many of the newest events a wall display shows. */
const newest = 20
/** Among so many of the newest those are looked for that the caller may see. */
const lookedAt = 100

export function showOverview(parts: ApiParts): RouteHandler<Routes['overview']> {
  const { journal, host, contributions } = parts
  return async ({ query: { at }, caller, sees, signal }) => {
    const moment = await momentOf(parts, at, { caller, signal })
    const { seq } = moment
    const { events } = await journal.read({ before: seq + 1, limit: lookedAt })
    const views = viewsOf(moment).filter(({ declared, service }) => declared && sees(service))
    const counted = StateWord.options.map(
      (word) => [word, views.filter(({ state }) => state === word).length] as const,
    )
    const of = ({ service, host }: PlacementView) => ({ service, host })
    return {
      seq,
      host: host.name,
      services: new Set(views.map(({ service }) => service)).size,
      states: Object.fromEntries(counted.filter(([, count]) => count > 0)),
      deploying: views.flatMap((view) => {
        const { deployment } = view
        return deployment ? [{ ...of(view), deployment: deployment.id, phase: deployment.phase }] : []
      }),
      held: views.flatMap((view) =>
        view.hold ? [{ ...of(view), since: view.hold.since, why: view.hold.why }] : [],
      ),
      failing: views
        .filter(({ state }) => state === 'failing')
        .map((view) => ({ ...of(view), why: view.why })),
      events: events.filter(seenBy(caller, contributions)).slice(0, newest),
    }
  }
}
