import { Clock, definePlugin, HostInfo, Logger, Runtime, Telemetry } from '@longshore/core'
import { Engine } from './client.js'
import { DockerConfig, DockerfileRun, ImageRun } from './config.js'
import { composeLook } from './compose/binary.js'
import { ComposeRun } from './compose/config.js'
import { ComposeProject } from './compose/project.js'
import { Records } from './compose/records.js'
import { OneContainer } from './container/replace.js'
import { AppliedServices } from './engine/applied.js'
import { lookAt } from './engine/doctor.js'
import { findEndpoint } from './engine/endpoint.js'
import { ensureBuilt } from './image/build.js'
import { imageOf } from './image/pull.js'
import { DockerRuntime, type Kind, type Tools } from './runtime.js'
import { DockerTelemetry } from './telemetry/telemetry.js'

/** How each kind of service is brought up on an engine. */
export function kindsOf(tools: Tools): Record<string, Kind> {
  return {
    compose: new ComposeProject(tools),
    dockerfile: new OneContainer<DockerfileRun>(tools, (...words) => ensureBuilt(tools.engine, ...words)),
    image: new OneContainer<ImageRun>(tools, (...words) => imageOf(tools.engine, ...words)),
  }
}

/** Runs services as containers of a Docker engine. */
export default definePlugin({
  name: 'docker',
  config: DockerConfig,
  needs: { clock: Clock, host: HostInfo, log: Logger },
  provides: [Runtime, Telemetry],
  runs: { compose: ComposeRun, dockerfile: DockerfileRun, image: ImageRun },
  setup({ config, needs: { clock, host, log }, provide, doctor }) {
    const engine = new Engine(() => findEndpoint(config.host, process.env))
    const records = new Records(host.data, clock)
    const applied = new AppliedServices(host.data, log)
    const tools = { engine, clock, log, host: host.name, config, records, applied, data: host.data }
    const kinds = kindsOf(tools)
    const runtime = new DockerRuntime(tools, kinds)
    const telemetry = new DockerTelemetry(tools)
    for (const kind of Object.keys(kinds)) {
      provide(Runtime, kind, runtime)
      provide(Telemetry, kind, telemetry)
    }
    doctor.add('engine', (signal) => lookAt(engine, signal))
    doctor.add('compose', composeLook(config.compose, process.env))
  },
})
