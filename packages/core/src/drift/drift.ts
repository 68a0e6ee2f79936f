import { Flow } from '../flow/flow.js'
import { Journal } from '../journal/journal.js'
import { Clock } from '../kernel/clock.js'
import { Config } from '../kernel/config.js'
import { HostInfo } from '../kernel/host.js'
import { Logger } from '../kernel/logger.js'
import { definePlugin } from '../kernel/plugin.js'
import { Healer } from './healer.js'

/** Healing as a plugin beside the flow: it follows what is recorded, and asks as everybody does. */
export const driftPlugin = definePlugin({
  name: 'drift',
  needs: { flow: Flow, journal: Journal, config: Config, clock: Clock, log: Logger, host: HostInfo },
  setup({ needs, hooks }) {
    const healer = new Healer({ ...needs, host: needs.host.name })
    hooks.recorded.tap((event) => healer.told(event))
    hooks.started.tap(() => {
      healer.start()
      needs.config.changed(async () => healer.lookAgain())
    })
    hooks.stopping.tap(() => healer.stop())
  },
})
