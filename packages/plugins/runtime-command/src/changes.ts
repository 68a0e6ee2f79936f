import type { Logger, InstanceChange } from '@longshore/core'

/** Changes that wait for whoever watches, at most. */
const bound = 10_000

/** Hands every change, in order, to each watcher; keeps them while nobody watches. */
export class Changes {
  readonly #log: Logger
  readonly #watchers = new Set<{ queue: InstanceChange[]; wake(): void }>()
  readonly #listeners = new Set<(change: InstanceChange) => void>()
  #backlog: InstanceChange[] = []

  constructor(log: Logger) {
    this.#log = log
  }

  tell(change: InstanceChange): void {
    if (this.#watchers.size === 0) this.#add(this.#backlog, change)
    for (const watcher of this.#watchers) {
      this.#add(watcher.queue, change)
      watcher.wake()
    }
    for (const listener of this.#listeners) listener(change)
  }

  /** Calls back with every change from now on; returns the undo. */
  listen(listener: (change: InstanceChange) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async *watch(signal: AbortSignal): AsyncGenerator<InstanceChange> {
    const watcher = { queue: this.#backlog, wake: () => {} }
    this.#backlog = []
    this.#watchers.add(watcher)
    const abort = () => watcher.wake()
    signal.addEventListener('abort', abort)
    try {
      while (!signal.aborted) {
        const change = watcher.queue.shift()
        if (change) yield change
        else await new Promise<void>((resolve) => (watcher.wake = resolve))
      }
    } finally {
      signal.removeEventListener('abort', abort)
      this.#watchers.delete(watcher)
      if (this.#watchers.size === 0) this.#backlog = watcher.queue
    }
  }

  #add(queue: InstanceChange[], change: InstanceChange): void {
    queue.push(change)
    if (queue.length <= bound) return
    queue.shift()
    this.#log.warn(
      { service: change.service },
      'nobody takes the changes of instances: the oldest one is dropped',
    )
  }
}
