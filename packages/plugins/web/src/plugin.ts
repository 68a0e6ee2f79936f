import {
  Clock,
  Config,
  Contributions,
  definePlugin,
  Flow,
  GitProvider,
  HostInfo,
  Journal,
  Logger,
  servicesOf,
} from '@longshore/core'
import { addCoreRoutes } from './api/index.js'
import { WebConfig } from './config.js'
import { WebServer } from './server.js'

/** Serves the routes that plugins declare, and those of the core, on loopback and on the socket of this account. */
export default definePlugin({
  name: 'web',
  version: '0.1.0',
  config: WebConfig,
  needs: {
    flow: Flow,
    journal: Journal,
    git: GitProvider,
    declared: Config,
    contributions: Contributions,
    host: HostInfo,
    clock: Clock,
    log: Logger,
  },
  setup({ config, needs, routes, hooks }) {
    const server = new WebServer({ config, ...needs, log: needs.log.child({ plugin: 'web' }) })
    const source = (service: string) => servicesOf(needs.declared.current()).get(service)?.source
    addCoreRoutes(routes, { ...needs, source, url: () => server.url })
    hooks.started.tap(() => server.start())
    hooks.stopping.tap(() => server.stop())
  },
})
