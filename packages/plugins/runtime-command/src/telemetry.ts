import { join } from 'node:path'
import type { Sample } from '@longshore/core/protocol'
import {
  closeSources,
  lastOf,
  LiveLines,
  mergeLines,
  readLines,
  sourceOf,
  type LineSource,
  type LogFrame,
  type LogQuery,
  type StatsQuery,
  type Telemetry,
} from '@longshore/core'
import type { Changes } from './changes.js'
import type { Records } from './records.js'
import type { CommandStats } from './stats.js'

/** Reads the logs of a service's instances as one: what is kept in time order, then what comes as it comes. */
export class CommandTelemetry implements Telemetry {
  readonly #records: Records
  readonly #changes: Changes
  readonly #stats: CommandStats

  constructor(records: Records, changes: Changes, stats: CommandStats) {
    this.#records = records
    this.#changes = changes
    this.#stats = stats
  }

  async *logs(query: LogQuery, signal: AbortSignal): AsyncGenerator<LogFrame> {
    const left = new AbortController()
    const either = AbortSignal.any([signal, left.signal])
    const live = new LiveLines(either)
    const names = await this.#records.instances(query.service)
    const known = new Set(names)
    const quiet = this.#changes.listen(({ service, instance, kind }) => {
      const fresh = kind === 'started' && service === query.service && !known.has(instance)
      if (!fresh || !query.follow || (query.instance !== undefined && query.instance !== instance)) return
      known.add(instance)
      live.add(this.#open({ ...query, tail: undefined }, instance, either).frames)
    })
    let sources: LineSource[] = []
    try {
      const wanted = names.filter((name) => query.instance === undefined || query.instance === name)
      sources = wanted.map((name) => this.#open(query, name, either))
      yield* query.tail === undefined ? mergeLines(sources) : lastOf(query.tail, mergeLines(sources))
      if (!query.follow) return
      for (const { frames, done } of sources) if (!done) live.add(frames)
      yield* live.frames()
    } finally {
      quiet()
      left.abort()
      closeSources(sources)
    }
  }

  stats(query: StatsQuery, signal: AbortSignal): AsyncIterable<Sample[]> {
    return this.#stats.watch(query, signal)
  }

  #open(
    { service, stream, since, until, tail, follow }: LogQuery,
    instance: string,
    signal: AbortSignal,
  ): LineSource {
    const directory = join(this.#records.home(service, instance), 'log')
    const query = { stream, since, until, tail, follow: follow ? ('open' as const) : undefined }
    return sourceOf(readLines(directory, query, signal, instance))
  }
}
