import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { LogFrame } from '../contracts/telemetry.js'
import type { Output } from '../contracts/runtime.js'
import type { Clock } from '../kernel/clock.js'
import { LineLog, readLines } from './index.js'

/** What deployments print, each in a bounded log of its own; the oldest ones go. */
export class Outputs {
  readonly #root: string
  readonly #clock: Clock
  #opened = 0

  constructor(data: string, clock: Clock) {
    this.#root = join(data, 'output')
    this.#clock = clock
  }

  async open(name: string): Promise<Output & { close(): Promise<void> }> {
    if (this.#opened++ % 100 === 0) await this.#clean()
    return LineLog.open(join(this.#root, name), { segmentBytes: 2 ** 20, segments: 8, clock: this.#clock })
  }

  read(deployment: string, follow: boolean, signal: AbortSignal, tail?: number): AsyncIterable<LogFrame> {
    return readLines(
      join(this.#root, deployment),
      { follow: follow ? 'open' : undefined, tail },
      signal,
      deployment,
    )
  }

  /** Keeps the last 1,000 outputs: names begin with their time, so the first ones are the oldest. */
  async #clean(): Promise<void> {
    const names = (await readdir(this.#root).catch(() => [])).sort()
    for (const name of names.slice(0, -1_000))
      await rm(join(this.#root, name), { recursive: true, force: true })
  }
}
