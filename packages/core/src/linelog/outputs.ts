import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { LogFrame } from '../contracts/telemetry.js'
import type { Output } from '../contracts/runtime.js'
import type { Clock } from '../kernel/clock.js'
import { LineLog, readLines } from './index.js'

/** What deployments print, each in a bounded log of its own; the oldest ones go. */
export class Outputs {
  readonly #root: string
  readonly #clock: Clock

  constructor(data: string, clock: Clock) {
    this.#root = join(data, 'output')
    this.#clock = clock
  }

  async open(name: string): Promise<Output & { close(): Promise<void> }> {
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

  /** Removes what was written last before that time, and from the oldest on while all take more than so many bytes; not what is in use. */
  async clean(before: number, bytes: number, inUse: ReadonlySet<string>): Promise<number> {
    const found = await this.#list()
    let total = found.reduce((sum, { size }) => sum + size, 0)
    let removed = 0
    for (const { name, at, size } of found) {
      if ((at >= before && total <= bytes) || inUse.has(name)) continue
      await rm(join(this.#root, name), { recursive: true, force: true })
      total -= size
      removed++
    }
    return removed
  }

  /** Every output with its size on disk and when it was written last, the oldest first. */
  async #list(): Promise<{ name: string; at: number; size: number }[]> {
    const names = await readdir(this.#root).catch(() => [])
    const found = []
    for (const name of names) {
      const files = await readdir(join(this.#root, name)).catch(() => [])
      // What printed nothing is as old as its folder.
      const paths = files.length > 0 ? files.map((file) => join(name, file)) : [name]
      const looks = paths.map((path) => stat(join(this.#root, path)).catch(() => undefined))
      const stats = (await Promise.all(looks)).filter((each) => each !== undefined)
      const size = stats.reduce((sum, { blocks }) => sum + blocks * 512, 0)
      found.push({ name, at: Math.max(0, ...stats.map(({ mtimeMs }) => mtimeMs)), size })
    }
    return found.sort((a, b) => a.at - b.at)
  }
}
