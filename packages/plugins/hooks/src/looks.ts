import type { Clock, Flow, Logger } from '@longshore/core'
import type { Actor } from '@longshore/core/protocol'

/** Milliseconds between two looks while hints keep coming: the first, and the longest. */
const rests = { first: 1_000, longest: 30_000 }

/**
 * Has sources looked at. The first hint about a service is followed at once; of those that come in the second after it one
 * more look is made, then of those in two seconds, in four, and so on: a flood is few looks, and its last one is never lost.
 * There is at most one that waits for each service.
 */
export class Looks {
  readonly #flow: Flow
  readonly #clock: Clock
  readonly #log: Logger
  readonly #life = new AbortController()
  /** Services that were looked at a moment ago, and who asked to look again. */
  readonly #resting = new Map<string, { again?: Actor }>()

  constructor(flow: Flow, clock: Clock, log: Logger) {
    this.#flow = flow
    this.#clock = clock
    this.#log = log
  }

  ask(service: string, actor: Actor): void {
    if (this.#life.signal.aborted) return
    const resting = this.#resting.get(service)
    if (resting) resting.again = actor
    else void this.#look(service, actor)
  }

  stop(): void {
    this.#life.abort()
  }

  async #look(service: string, first: Actor): Promise<void> {
    const { signal } = this.#life
    let actor: Actor | undefined = first
    for (let rest = rests.first; actor; rest = Math.min(2 * rest, rests.longest)) {
      const resting: { again?: Actor } = {}
      this.#resting.set(service, resting)
      this.#flow
        .request({ kind: 'look', service, actor })
        .catch((error: unknown) => this.#log.debug({ error, service }, 'a source was not looked at'))
      await this.#clock.sleep(rest, signal).catch(() => undefined)
      actor = signal.aborted ? undefined : resting.again
    }
    this.#resting.delete(service)
  }
}
