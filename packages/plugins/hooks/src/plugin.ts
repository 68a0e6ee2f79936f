import { Clock, Config, definePlugin, Flow, Forge, Logger, Secrets } from '@longshore/core'
import { GenericConfig, type HooksConfig } from './config.js'
import { Deliveries } from './deliveries.js'
import { Door } from './door.js'
import { GenericForge } from './forge.js'
import { Keys } from './keys.js'
import { Looks } from './looks.js'
import { hookRoutes } from './protocol.js'
import { Reports } from './reports/reports.js'

/** Takes webhooks of the forges that the section `hooks` names, and tells those forges what came of commits. */
export default definePlugin({
  name: 'hooks',
  provides: [Forge],
  forges: { generic: GenericConfig },
  needs: { forges: Forge, flow: Flow, config: Config, secrets: Secrets, clock: Clock, log: Logger },
  setup({ config: given, needs, provide, hooks, routes, doctor }) {
    const { forges, flow, config, secrets, clock, log } = needs
    const section = (given ?? {}) as HooksConfig
    provide(Forge, 'generic', new GenericForge())
    const keys = new Keys(secrets, clock)
    const looks = new Looks(flow, clock, log)
    const deliveries = new Deliveries()
    const reports = new Reports({ section, forges, config, secrets, clock, log })
    const door = new Door({ section, forges, keys, looks, deliveries, config, clock })
    routes.add(hookRoutes.deliveries, async ({ caller, sees }) => {
      const isAll = caller.holds(hookRoutes.deliveries.right)
      return { items: isAll ? deliveries.list() : deliveries.seenBy(sees), next: null }
    })
    routes.add(hookRoutes.take, ({ params, headers, body }) => door.take({ ...params, headers, body }))
    routes.add(hookRoutes.takeFor, ({ params, headers, body, caller }) => {
      const isToken = caller.by === 'token' && caller.holds('hooks:write', params.service)
      return door.take({ ...params, headers, body, ...(isToken && { token: caller.actor }) })
    })
    hooks.recorded.tap((event) => {
      deliveries.note(event)
      reports.note(event)
    })
    hooks.stopping.tap(() => {
      looks.stop()
      reports.stop()
    })
    doctor.add('hooks', async () => {
      const parts = Object.entries(section).flatMap(([kind, part]) => (part ? [{ kind, part }] : []))
      const opened = await Promise.all(
        parts.map(async ({ kind, part }) => ({ kind, ...(await keys.of(kind, part)) })),
      )
      const closed = opened.find(({ fault }) => fault !== undefined)
      const hint = 'Until its secret can be read every webhook of it is refused; polls go on.'
      if (closed) return { ok: false, say: `webhooks of ${closed.kind}: ${closed.fault}`, hint }
      const names = parts.map(({ kind }) => kind).join(', ')
      return { ok: true, say: names ? `webhooks of ${names} are heard` : 'no forge is configured' }
    })
  },
})
