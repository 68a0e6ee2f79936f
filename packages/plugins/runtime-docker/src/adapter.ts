import type { Clock, DoctorLine, HostInfo, Logger } from '@longshore/core'
import { Engine } from './client.js'
import { composeLook } from './compose/binary.js'
import { ComposeProject } from './compose/project.js'
import { Records } from './compose/records.js'
import type { DockerConfig, DockerfileRun, ImageRun } from './config.js'
import { OneContainer } from './container/replace.js'
import { AppliedServices } from './engine/applied.js'
import { lookAt } from './engine/doctor.js'
import { findEndpoint } from './engine/endpoint.js'
import { builds } from './image/build.js'
import { images } from './image/pull.js'
import type { Kind, Tools } from './kind.js'
import { DockerRuntime } from './runtime.js'
import { DockerTelemetry } from './telemetry/telemetry.js'

/** How each kind of service is brought up on an engine. */
export function kindsOf(tools: Tools): Record<string, Kind> {
  return {
    compose: new ComposeProject(tools),
    dockerfile: new OneContainer<DockerfileRun>(tools, builds),
    image: new OneContainer<ImageRun>(tools, images),
  }
}

/** All that the plugin does with an engine. */
export class Adapter {
  readonly runtime: DockerRuntime
  readonly telemetry: DockerTelemetry
  readonly lookAtCompose: () => Promise<DoctorLine>
  readonly #engine: Engine

  constructor({ config, clock, host, log }: AdapterParts) {
    const engine = new Engine(() => findEndpoint(config.host, process.env))
    const records = new Records(host.data, clock)
    const applied = new AppliedServices(host.data, log)
    const tools = { engine, clock, log, host: host.name, config, records, applied, data: host.data }
    this.runtime = new DockerRuntime(tools, kindsOf(tools))
    this.telemetry = new DockerTelemetry(tools)
    this.lookAtCompose = composeLook(config.compose, process.env)
    this.#engine = engine
  }

  lookAtEngine(signal: AbortSignal, needed: boolean): Promise<DoctorLine> {
    return lookAt(this.#engine, signal, needed)
  }
}

export interface AdapterParts {
  config: DockerConfig
  clock: Clock
  host: HostInfo
  log: Logger
}
