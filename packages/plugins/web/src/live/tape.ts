import { setTimeout as sleep } from 'node:timers/promises'
import type { Journal, Logger } from '@longshore/core'
import type { Event, Right } from '@longshore/core/protocol'
import { Run } from './run.js'

/** Milliseconds for which events are gathered after some were told: what comes after a silence is told at once. */
const window = 20
/** Events of a batch after which nothing is waited for: there are more. */
const fullBatch = 500
/** Milliseconds after which a journal that could not be read is read again. */
const again = 1_000
/** Bytes of the newest events that are kept, and of older ones that clients came back for. */
const kept = { newest: 4 * 2 ** 20, older: 8 * 2 ** 20, each: 512 }
/** Events that are read at once for a client that came back: always the same ones together, so that clients share them. */
const block = 256

export interface TapeParts {
  journal: Journal
  /** What reading events takes beside `events:read`, by kind. */
  rights: ReadonlyMap<string, Right>
  log: Logger
}

/**
 * The journal as bytes, made once for all clients: the newest events as they come, older ones from the store. It follows the
 * journal while somebody listens.
 */
export class Tape {
  readonly #journal: Journal
  readonly #rights: ReadonlyMap<string, Right>
  readonly #log: Logger
  readonly #listeners = new Set<() => void>()
  /** Each begins where the one before ends. */
  #newest: Run[] = []
  #newestBytes = 0
  readonly #older = new Map<number, Run>()
  #olderBytes = 0
  readonly #reading = new Map<number, Promise<Run | undefined>>()
  #life: AbortController | undefined
  #end = 0

  constructor({ journal, rights, log }: TapeParts) {
    this.#journal = journal
    this.#rights = rights
    this.#log = log
  }

  /** The seq of the newest event that listeners know of. */
  get end(): number {
    return this.#end
  }

  /** Calls back whenever there is more, until undone. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    if (!this.#life) void this.#roll((this.#life = new AbortController()).signal)
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size > 0) return
      this.#life?.abort()
      this.#life = undefined
      this.#forget()
    }
  }

  /** The events after `seen` that are at hand. */
  after(seen: number): Run | undefined {
    for (let index = this.#newest.length - 1; index >= 0; index--) {
      const run = this.#newest[index]!
      if (run.first <= seen + 1) return run.last > seen ? run : undefined
    }
    return this.#older.get(beginOf(seen))
  }

  /** The same, from the store; undefined when the journal does not keep them any more. */
  async read(seen: number): Promise<Run | undefined> {
    const begin = beginOf(seen)
    for (;;) {
      const shared = this.#reading.get(begin)
      const run = await (shared ?? this.#readOnce(begin))
      if (run && run.first <= seen + 1 && run.last > seen) return run
      // What another one began to read may have ended before the event that is asked for had happened.
      if (!shared) return undefined
    }
  }

  #readOnce(begin: number): Promise<Run | undefined> {
    const reading = this.#readBlock(begin).finally(() => this.#reading.delete(begin))
    this.#reading.set(begin, reading)
    return reading
  }

  async #readBlock(begin: number): Promise<Run | undefined> {
    const events: Event[] = []
    const end = begin + block
    for (let after = begin - 1; after < end - 1;) {
      const page = await this.#journal.read({ after, limit: end - 1 - after })
      events.push(...page.events.filter(({ seq }) => seq < end))
      after = page.next ?? end
    }
    if (events.length === 0) return undefined
    const run = new Run(events, this.#rights)
    if (run.first === begin && run.last === begin + block - 1 && this.#life) this.#keep(begin, run)
    return run
  }

  #keep(begin: number, run: Run): void {
    this.#older.set(begin, run)
    this.#olderBytes += run.size
    for (const [oldest, { size }] of this.#older) {
      if (this.#olderBytes <= kept.older) break
      this.#older.delete(oldest)
      this.#olderBytes -= size
    }
  }

  async #roll(signal: AbortSignal): Promise<void> {
    this.#end = this.#journal.last()
    while (!signal.aborted) {
      try {
        for await (const events of this.#journal.follow(this.#end, signal)) {
          if (signal.aborted) return
          this.#add(new Run(events, this.#rights))
          if (events.length < fullBatch) await sleep(window, undefined, { signal })
        }
      } catch (error) {
        if (signal.aborted) return
        this.#log.error({ error }, 'the journal could not be told')
        await sleep(again, undefined, { signal }).catch(() => undefined)
      }
    }
  }

  #add(run: Run): void {
    // Events that are gone before they were told: whoever missed them finds that out when it reads them.
    if (run.first !== this.#end + 1) this.#forget()
    this.#newest.push(run)
    this.#newestBytes += run.size + kept.each
    while (this.#newestBytes > kept.newest && this.#newest.length > 1)
      this.#newestBytes -= this.#newest.shift()!.size + kept.each
    this.#end = run.last
    for (const listener of this.#listeners) listener()
  }

  #forget(): void {
    this.#newest = []
    this.#newestBytes = 0
    this.#older.clear()
    this.#olderBytes = 0
  }
}

/** Where the block begins that holds the event after `seen`. */
function beginOf(seen: number): number {
  return seen - (seen % block) + 1
}
