import type { Sample } from '@longshore/core/protocol'
import type { Clock, LogFrame, LogQuery, StatsQuery, Telemetry } from '@longshore/core'
import type { Engine } from '../client.js'
import { HostContainers } from './host-containers.js'
import { DockerLogs } from './logs.js'
import { DockerStats } from './stats.js'

/** What the containers of an engine print and use. */
export class DockerTelemetry implements Telemetry {
  readonly #logs: DockerLogs
  readonly #stats: DockerStats

  constructor(tools: { engine: Engine; clock: Clock; host: string }) {
    const parts = { ...tools, containers: new HostContainers(tools) }
    this.#logs = new DockerLogs(parts)
    this.#stats = new DockerStats(parts)
  }

  logs(query: LogQuery, signal: AbortSignal): AsyncIterable<LogFrame> {
    return this.#logs.read(query, signal)
  }

  stats(query: StatsQuery, signal: AbortSignal): AsyncIterable<Sample[]> {
    return this.#stats.watch(query, signal)
  }
}
