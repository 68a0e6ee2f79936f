import type { Sample } from '@longshore/core/protocol'
import type { Clock, LogFrame, LogQuery, StatsQuery, Telemetry } from '@longshore/core'
import type { Engine } from '../client.js'
import { DockerLogs } from './logs.js'

/** What the containers of an engine print and use. */
export class DockerTelemetry implements Telemetry {
  readonly #logs: DockerLogs

  constructor({ engine, clock }: { engine: Engine; clock: Clock }) {
    this.#logs = new DockerLogs(engine, clock)
  }

  logs(query: LogQuery, signal: AbortSignal): AsyncIterable<LogFrame> {
    return this.#logs.read(query, signal)
  }

  async *stats(_query: StatsQuery, _signal: AbortSignal): AsyncGenerator<Sample[]> {}
}
