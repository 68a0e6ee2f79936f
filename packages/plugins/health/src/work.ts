import { setMaxListeners } from 'node:events'
import { persist, type Clock, type Config, type Journal, type Logger } from '@longshore/core'
import type { Board } from './checks/board.js'
import type { Gate } from './gate/gate.js'
import type { Series } from './series/series.js'
import type { Scheduler } from './schedule/scheduler.js'

/** Milliseconds. */
const chartEvery = 60_000

export interface WorkParts {
  board: Board
  gate: Gate
  scheduler: Scheduler
  series: Series
  journal: Journal
  config: Config
  clock: Clock
  log: Logger
}

/** What goes on from the start to the stop: the looks, and the journal's events for whoever waits for them. */
export class Work {
  readonly #parts: WorkParts
  readonly #life = new AbortController()
  #lasting: Promise<unknown>[] = []
  #quiet = () => {}

  constructor(parts: WorkParts) {
    this.#parts = parts
  }

  async start(): Promise<void> {
    const { board, scheduler, journal, config, series, log } = this.#parts
    const { signal } = this.#life
    setMaxListeners(0, signal)
    const seen = journal.last()
    // Without what was said before, what is said now counts all the same.
    await series.open().catch((error: unknown) => log.error({ error }, 'what checks said is not kept'))
    board.follow()
    this.#quiet = config.changed(async () => board.follow())
    this.#lasting = [scheduler.run(signal), this.#follow(seen), this.#chart()]
  }

  async stop(): Promise<void> {
    this.#quiet()
    this.#life.abort()
    await Promise.all(this.#lasting)
    await this.#parts.series.close()
  }

  /** What checks said is written also when nothing is looked at any more. */
  async #chart(): Promise<void> {
    const { series, clock } = this.#parts
    const { signal } = this.#life
    while (!signal.aborted) {
      await clock.sleep(chartEvery, signal).catch(() => undefined)
      series.turn(clock.now())
    }
  }

  /** By the journal itself: what others do with an event in a hook delays no verdict. */
  async #follow(seen: number): Promise<void> {
    const { board, gate, journal, clock, log } = this.#parts
    const { signal } = this.#life
    const follow = async () => {
      for await (const events of journal.follow(seen, signal)) {
        for (const event of events) {
          board.hear(event)
          gate.hear(event)
        }
        seen = events.at(-1)!.seq
      }
    }
    await persist(clock, signal, follow, (error) =>
      log.error({ error }, 'the journal cannot be followed for the checks'),
    )
  }
}
