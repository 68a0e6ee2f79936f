import {
  Clock,
  Config,
  definePlugin,
  HostInfo,
  Logger,
  Runtime,
  servicesOf,
  Telemetry,
  type Command,
  type Plan,
} from '@longshore/core'
import type { Adapter } from './adapter.js'
import { ComposeRun } from './compose/config.js'
import { DockerConfig, DockerfileRun, ImageRun } from './config.js'

const runs = { compose: ComposeRun, dockerfile: DockerfileRun, image: ImageRun }

/** Runs services as containers of a Docker engine. */
export default definePlugin({
  name: 'docker',
  config: DockerConfig,
  needs: { clock: Clock, host: HostInfo, log: Logger, declared: Config },
  provides: [Runtime, Telemetry],
  runs,
  setup({ config, needs, provide, hooks, doctor }) {
    // Read when it is first asked for: a host that only runs commands has none of it in memory.
    let opened: Promise<Adapter> | undefined
    const adapter = () =>
      (opened ??= import('./adapter.js').then(({ Adapter }) => new Adapter({ config, ...needs })))
    const runtime = runtimeOf(adapter)
    const telemetry = telemetryOf(adapter)
    for (const kind of Object.keys(runs)) {
      provide(Runtime, kind, runtime)
      provide(Telemetry, kind, telemetry)
    }
    const needed = () =>
      [...servicesOf(needs.declared.current()).values()].some(({ run }) => run.kind in runs)
    hooks.stopping.tap(async () => (await opened)?.runtime.close())
    doctor.add('engine', async (signal) => (await adapter()).lookAtEngine(signal, needed()))
    doctor.add('compose', async () => (await adapter()).lookAtCompose())
  },
})

function runtimeOf(adapter: () => Promise<Adapter>): Runtime {
  return {
    supports: { keepsOld: true, runs: ['instance', 'container'] },
    apply: async (plan: Plan<{ kind: string }>, context) => (await adapter()).runtime.apply(plan, context),
    end: async (placement, context) => (await adapter()).runtime.end(placement, context),
    find: async () => (await adapter()).runtime.find(),
    run: async (command: Command<{ kind: string }>, context) =>
      (await adapter()).runtime.run(command, context),
    preview: async (plan: Plan<{ kind: string }>, context) =>
      (await adapter()).runtime.preview(plan, context),
    uses: async (placement) => (await adapter()).runtime.uses(placement),
    async *watch(signal) {
      yield* (await adapter()).runtime.watch(signal)
    },
  }
}

function telemetryOf(adapter: () => Promise<Adapter>): Telemetry {
  return {
    async *logs(query, signal) {
      yield* (await adapter()).telemetry.logs(query, signal)
    },
    async *stats(query, signal) {
      yield* (await adapter()).telemetry.stats(query, signal)
    },
  }
}
