import type { LogFrame, LogLine, LogQuery, StatsQuery, Telemetry } from '../../contracts/telemetry.js'
import { systemClock } from '../../kernel/clock.js'
import { Bell } from '../../waiting/bell.js'
import type { Sample } from '../../protocol/index.js'

/** What instances printed, in memory, without a bound. */
export class FakeTelemetry implements Telemetry {
  readonly #lines: (LogLine & { service: string })[] = []
  readonly #bell = new Bell()
  readonly #uses = new Map<string, { service: string; sample: Omit<Sample, 'time'> }>()

  /** An instance prints whole lines. */
  print(service: string, instance: string, stream: 'stdout' | 'stderr', text: Uint8Array | string): void {
    const whole = Buffer.from(text as Uint8Array)
    for (let from = 0, end = whole.indexOf(10); end >= 0; from = end + 1, end = whole.indexOf(10, from)) {
      this.#lines.push({
        service,
        time: Date.now(),
        instance,
        stream,
        bytes: whole.subarray(from, end),
        partial: false,
      })
    }
    this.#bell.ring()
  }

  async *logs({ tail, follow, ...query }: LogQuery, signal: AbortSignal): AsyncGenerator<LogFrame> {
    let next = this.#lines.length
    const kept = this.#lines.filter((line) => fits(line, query))
    const lines = tail === undefined ? kept : kept.slice(kept.length - Math.min(tail, kept.length))
    if (lines.length > 0) yield { lines, skipped: 0 }
    if (!follow) return
    while (!signal.aborted) {
      const fresh = this.#lines.slice(next).filter((line) => fits(line, query))
      next = this.#lines.length
      if (fresh.length > 0) yield { lines: fresh, skipped: 0 }
      else await this.#bell.heard(signal)
    }
  }

  /** An instance begins, or goes on, with these figures. */
  use(service: string, sample: Omit<Sample, 'time'>): void {
    this.#uses.set(sample.instance, { service, sample })
  }

  /** It runs no more. */
  end(instance: string): void {
    this.#uses.delete(instance)
  }

  async *stats({ service, instance, every }: StatsQuery, signal: AbortSignal): AsyncGenerator<Sample[]> {
    while (!signal.aborted) {
      const time = new Date().toISOString()
      const own = [...this.#uses.values()].filter(
        (each) => each.service === service && (instance ?? each.sample.instance) === each.sample.instance,
      )
      yield own.map(({ sample }) => ({ ...sample, time }))
      await systemClock.sleep(every, signal).catch(() => undefined)
    }
  }
}

function fits(line: LogLine & { service: string }, query: LogQuery): boolean {
  const { service, instance, stream, since = -Infinity, until = Infinity } = query
  if (line.service !== service || line.time < since || line.time > until) return false
  return (instance ?? line.instance) === line.instance && (stream ?? line.stream) === line.stream
}
