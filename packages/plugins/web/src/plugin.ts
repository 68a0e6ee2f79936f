import {
  Clock,
  Config,
  Contributions,
  definePlugin,
  Flow,
  Gate,
  GitProvider,
  HostInfo,
  Journal,
  Logger,
  servicesOf,
  Telemetry,
} from '@longshore/core'
import { addCoreRoutes } from './api/index.js'
import { Turns } from './api/turns.js'
import { WebConfig } from './config.js'
import { addDocRoutes } from './openapi/routes.js'
import { WebServer } from './server.js'
import { Tally } from './tally.js'
import { addCoreTopics } from './topics.js'

/** Serves the routes and topics that plugins declare, and the core's own, over TCP and on the socket of this account. */
export default definePlugin({
  name: 'web',
  version: '0.1.0',
  config: WebConfig,
  needs: {
    flow: Flow,
    gate: Gate,
    journal: Journal,
    git: GitProvider,
    telemetries: Telemetry,
    declared: Config,
    contributions: Contributions,
    host: HostInfo,
    clock: Clock,
    log: Logger,
  },
  setup({ config, needs, routes, topics, hooks, metrics }) {
    const server = new WebServer({ config, ...needs, metrics, log: needs.log.child({ plugin: 'web' }) })
    const source = (service: string) => servicesOf(needs.declared.current()).get(service)?.source
    const parts = { ...needs, turns: new Turns(), looks: new Tally() }
    addCoreRoutes(routes, { ...parts, source, url: () => server.url })
    addDocRoutes(routes, needs)
    addCoreTopics(topics, parts)
    hooks.started.tap(() => server.start())
    hooks.stopping.tap(() => server.stop())
  },
})
