import { Clock, Config, definePlugin, type Asking, type Refusal } from '@longshore/core'
import { Windows } from './config.js'
import { openAt } from './windows.js'

/** New commits wait for the windows of their service. */
export default definePlugin({
  name: 'admit-windows',
  policies: { windows: Windows },
  needs: { config: Config, clock: Clock },
  setup({ needs: { config, clock }, hooks }) {
    hooks.admit.tap(({ sha }, { service }, asking) => {
      const windows = config.current().services[service]?.policy['windows'] as Windows | undefined
      return windows && judge(windows, clock.now(), asking, `${service} ${sha}`)
    })
  },
})

/** `named`: service and commit, as a command names them. */
function judge(windows: Windows, now: number, asking: Asking, named: string): Refusal | undefined {
  const { trigger, override, why } = asking
  // Back to what was kept is the way out of trouble, and trouble knows no hours.
  if (trigger === 'rollback' || (override && why)) return undefined
  const opening = openAt(windows, now)
  if (opening.open) return undefined
  const { opens } = opening
  const next = opens ? `the next one opens ${when(opens.at, opens.zone)}` : 'none opens any more'
  const aside =
    trigger === 'operator' ? `; now all the same: longshore deploy ${named} --override --why TEXT` : ''
  return {
    code: 'WINDOW_CLOSED',
    reason: `outside the windows for deployments: ${next}${aside}`,
    waits: true,
    ...(opens && { until: new Date(opens.at).toISOString() }),
  }
}

/** As people there read it on the clock. */
function when(time: number, zone: string): string {
  const clock = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  })
  return `${clock.format(time)} (${zone})`
}
