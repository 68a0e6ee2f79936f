import { join } from 'node:path'
import {
  Clock,
  Config,
  Contributions,
  definePlugin,
  Flow,
  HostInfo,
  Journal,
  Logger,
  Telemetry,
} from '@longshore/core'
import { Archives } from './archive/archives.js'
import { TelemetryConfig } from './config.js'
import { Instances } from './instances.js'
import { Keeper } from './keeper.js'
import { telemetryRoutes } from './protocol.js'
import { showLogs, showStats } from './routes.js'
import { Searches } from './searches.js'
import { Series } from './series/series.js'

/** Keeps what services print and use, for every run kind that tells it. */
export default definePlugin({
  name: 'telemetry',
  config: TelemetryConfig,
  needs: {
    telemetries: Telemetry,
    flow: Flow,
    journal: Journal,
    host: HostInfo,
    config: Config,
    clock: Clock,
    log: Logger,
    contributions: Contributions,
  },
  setup({ config: { logs }, needs, hooks, routes }) {
    const { telemetries, flow, journal, host, config, clock, log, contributions } = needs
    const folder = join(host.data, 'telemetry')
    const instances = new Instances(flow, journal, host.name, clock)
    const knownOf = (service: string, instance: string) => instances.of(service, instance)
    const archives = new Archives({ folder, config: logs, clock, log, knownOf })
    const series = new Series(folder)
    const searches = new Searches()
    const keeper = new Keeper({ telemetries, archives, series, host, config, clock, log, contributions })
    const kindOf = (service: string) => keeper.kindOf(service)
    const parts = { archives, searches, series, instances, clock, host: host.name, kindOf }
    routes.add(telemetryRoutes.logs, showLogs(parts))
    routes.add(telemetryRoutes.stats, showStats(parts))
    hooks.started.tap(() => keeper.start())
    hooks.stopping.tap(async () => {
      searches.close()
      await keeper.stop()
      await archives.close()
      await series.flush()
    })
  },
})
