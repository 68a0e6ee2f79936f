import { deploymentUnknown, within, type Flow, type Journal } from '@longshore/core'
import type { Accepted } from '@longshore/core/protocol'

/** Milliseconds that a follower waits for a deployment whose turn has not come yet. */
const turnTime = 30_000
/** How many of the deployments that were asked for last are kept in mind. */
const kept = 1_000

/**
 * The deployments that accepted requests have named before their turn came: a follower may be here first. Nobody waits
 * for any other.
 */
export class Turns {
  readonly #named = new Set<string>()

  /** Keeps in mind what the answer to a request names. */
  name(accepted: Accepted): Accepted {
    if (accepted.deployment !== undefined) this.#named.add(accepted.deployment)
    for (const oldest of this.#named) {
      if (this.#named.size <= kept) break
      this.#named.delete(oldest)
    }
    return accepted
  }

  /** Resolves when the deployment is known; throws when nobody was told of it, or its turn does not come. */
  async wait(flow: Flow, journal: Journal, id: string, signal: AbortSignal): Promise<void> {
    const from = journal.last()
    if (await flow.deployment(id)) return
    if (!this.#named.has(id)) throw deploymentUnknown(id)
    const turn = async (signal: AbortSignal) => {
      for await (const events of journal.follow(from, signal)) {
        if (events.some(({ deployment }) => deployment === id)) return
      }
    }
    await within(turnTime, 'the turn of the deployment', turn, signal).catch(() => {
      throw deploymentUnknown(id)
    })
  }
}
