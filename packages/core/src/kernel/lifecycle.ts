import { within } from '../waiting/deadline.js'
import type { Hook, Hooks, Undo } from './hooks.js'
import type { Logger } from './logger.js'

/** Milliseconds that one plugin may take to stop. */
const stopDeadline = 30_000

interface Tap {
  plugin: string
  fn: () => unknown
}

/** Starts in the plugins' order, stops in reverse, and undoes what was registered last in, first out. */
export class Lifecycle {
  readonly #logger: Logger
  readonly #starts: Tap[] = []
  readonly #stops: Tap[] = []
  readonly #undos: Undo[] = []
  #started = new Set<string>()
  #stopping: Promise<void> | undefined
  ready = false

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** One plugin's taps of its life. */
  for(plugin: string): Pick<Hooks, 'started' | 'stopping'> {
    return { started: this.#tap(this.#starts, plugin), stopping: this.#tap(this.#stops, plugin) }
  }

  undo(undo: Undo): void {
    this.#undos.push(undo)
  }

  /** Runs every start; when one throws, what had started is stopped again and the error is thrown. */
  async start(): Promise<void> {
    try {
      for (const { plugin, fn } of this.#starts) {
        this.#started.add(plugin)
        await fn()
        if (this.#stopping) return
      }
      this.ready = true
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop())
  }

  async #stop(): Promise<void> {
    this.ready = false
    for (const { plugin, fn } of this.#stops.toReversed()) {
      if (!this.#started.has(plugin)) continue
      try {
        await within(stopDeadline, `stopping ${plugin}`, async () => void (await fn()))
      } catch (error) {
        this.#logger.error({ plugin, error }, 'a plugin did not stop as it should')
      }
    }
    for (const undo of this.#undos.splice(0).toReversed()) undo()
  }

  #tap(taps: Tap[], plugin: string): Hook<[]> {
    return {
      tap: (fn) => {
        const tap = { plugin, fn }
        taps.push(tap)
        const off = () => void (taps.includes(tap) && taps.splice(taps.indexOf(tap), 1))
        return off
      },
    }
  }
}
