import {
  Clock,
  Config,
  definePlugin,
  Flow,
  HostInfo,
  Journal,
  Logger,
  Storage,
  type RouteRequest,
} from '@longshore/core'
import { actorWord, systemActor } from '@longshore/core/protocol'
import { freezeTooWide } from './errors.js'
import { Freezes } from './freezes.js'
import { freezeProtocol, freezeRoutes, type Freeze } from './protocol.js'

/** Keeps new commits out as long as somebody wants it: of a service, of what bears a label, of the whole host. */
export default definePlugin({
  name: 'admit-freeze',
  protocol: freezeProtocol,
  needs: {
    clock: Clock,
    config: Config,
    flow: Flow,
    host: HostInfo,
    journal: Journal,
    log: Logger,
    storage: Storage,
  },
  setup({ needs, hooks, routes }) {
    const freezes = new Freezes(needs)
    hooks.admit.tap(async ({ sha }, { service }, { trigger, override }) => {
      // Back to what was kept is the way out of trouble.
      if (trigger === 'rollback' || override) return undefined
      const freeze = await freezes.over(service)
      if (!freeze) return undefined
      const aside =
        trigger === 'operator'
          ? `; now all the same: longshore deploy ${service} ${sha} --override --why TEXT`
          : ''
      return {
        code: 'SERVICE_FROZEN',
        reason: `${inWords(freeze)}${aside}`,
        waits: true,
        ...(freeze.until !== undefined && { until: freeze.until }),
      }
    })
    // Whoever may act on some services only freezes those by name: labels and the host are about others too.
    const isTheirs = ({ caller }: RouteRequest, right: 'read' | 'stop', service?: string) =>
      caller.holds(`services:${right}`, service)
    routes.add(freezeRoutes.list, async (request) => {
      const items = (await freezes.list()).filter(({ service }) => isTheirs(request, 'read', service))
      return { items, next: null }
    })
    routes.add(freezeRoutes.place, async (request) => {
      const { body, actor } = request
      if (!isTheirs(request, 'stop', body.service)) throw freezeTooWide()
      return freezes.place(body, actor)
    })
    routes.add(freezeRoutes.lift, async (request) => {
      const { params, actor } = request
      return freezes.lift(params.freeze, actor, ({ service }) => isTheirs(request, 'stop', service))
    })
    // What bears another label now may not be covered any more.
    needs.config.changed(() => freezes.thaw(systemActor))
  },
})

function inWords({ service, label, by, since, why, until }: Freeze): string {
  const what = service ?? (label === undefined ? 'the host' : `what bears ${label}`)
  const end = until === undefined ? '' : ` until ${until}`
  return `${what} is frozen by ${actorWord(by)} since ${since}${end}: ${why}`
}
