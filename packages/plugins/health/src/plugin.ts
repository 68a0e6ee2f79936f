import { join } from 'node:path'
import {
  Clock,
  Config,
  definePlugin,
  Flow,
  HealthProbe,
  HostInfo,
  Journal,
  Logger,
  Runtime,
  Secrets,
  Telemetry,
} from '@longshore/core'
import { Board } from './checks/board.js'
import { diagnose } from './checks/diagnose.js'
import { addCheckMetrics } from './checks/figures.js'
import { HealthConfig, policies } from './config.js'
import { Gate } from './gate/gate.js'
import { kinds } from './kinds.js'
import { addressJudge } from './probes/addresses.js'
import { CommandProbe } from './probes/command.js'
import { ContainerProbe } from './probes/container.js'
import { HttpProbe } from './probes/http.js'
import { LogProbe } from './probes/log.js'
import { Resolver } from './probes/resolver.js'
import { TcpProbe } from './probes/tcp.js'
import { healthRoutes } from './protocol.js'
import { showChecks } from './routes.js'
import { Scheduler } from './schedule/scheduler.js'
import { chartsOf } from './series/charts.js'
import { Series } from './series/series.js'
import { Work } from './work.js'

/** Looks whether services are well, and judges deployments by it. */
export default definePlugin({
  name: 'health',
  config: HealthConfig,
  checks: kinds,
  policies,
  provides: [HealthProbe],
  needs: {
    probes: HealthProbe,
    runtimes: Runtime,
    telemetries: Telemetry,
    flow: Flow,
    journal: Journal,
    secrets: Secrets,
    host: HostInfo,
    config: Config,
    clock: Clock,
    log: Logger,
  },
  setup({ config: { settle, allow }, needs, provide, hooks, routes, doctor, metrics }) {
    const { probes, runtimes, telemetries, flow, journal, secrets, host, config, clock, log } = needs
    const now = () => clock.monotonic()
    const network = { resolver: new Resolver(now), judge: addressJudge(allow), now }
    provide(HealthProbe, 'http', new HttpProbe({ network, secrets, today: () => clock.now() }))
    provide(HealthProbe, 'tcp', new TcpProbe(network))
    provide(HealthProbe, 'container', new ContainerProbe(flow, clock))
    provide(HealthProbe, 'log', new LogProbe({ flow, telemetries, clock }))
    provide(HealthProbe, 'command', new CommandProbe({ flow, config, secrets, runtimes }))
    const scheduler = new Scheduler(clock)
    const series = new Series(join(host.data, 'health'), log)
    const charts = chartsOf(series, clock)
    const board = new Board({ flow, journal, config, host, probes, scheduler, clock, log, ...charts })
    const gate = new Gate({ board, scheduler, journal, flow, telemetries, config, clock, settle })
    const work = new Work({ board, gate, scheduler, series, journal, config, clock, log })
    routes.add(healthRoutes.checks, showChecks({ board, series, flow, clock, host: host.name }))
    doctor.add('checks', () => Promise.resolve(diagnose(board, scheduler)))
    addCheckMetrics(metrics, board, scheduler)
    hooks.settle.tap((plan, context) => gate.settle(plan, context))
    hooks.started.tap(() => work.start())
    hooks.stopping.tap(() => work.stop())
  },
})
