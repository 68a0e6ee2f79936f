import { isDeepStrictEqual } from 'node:util'
import type { Runtime, RuntimeChange } from '../contracts/runtime.js'
import { systemActor, type CoreDraft, type Difference, type Placement } from '../protocol/index.js'
import { isNoEvent } from '../journal/advance.js'
import { persist } from '../waiting/backoff.js'
import type { FlowParts } from '../flow/parts.js'

/** What else is done about a change, once it is recorded. */
export interface Reactions {
  /** The engine of these kinds answers again. */
  back(kinds: string[]): Promise<void>
  /** An instance of the service is gone. */
  lost(service: string): void
}

/** Records what the runtimes tell. One that nothing is declared for is left alone: its engine may not be there. */
export class Changes {
  readonly #parts: FlowParts
  readonly #signal: AbortSignal
  readonly #react: Reactions
  readonly #watched = new Map<Runtime, Promise<void>>()
  /** What was told last of each service that differs: another policy is applied to it. */
  readonly #told = new Map<string, Difference[]>()

  constructor(parts: FlowParts, signal: AbortSignal, react: Reactions) {
    this.#parts = parts
    this.#signal = signal
    this.#react = react
  }

  /** The services are declared as these placements: watches the runtimes that they need, from now on. */
  async follow(placements: Placement[]): Promise<void> {
    const { runtimes, clock, log, journal } = this.#parts
    for (const kind of kindsOf(placements)) {
      const runtime = runtimes.get(kind)
      if (!runtime || this.#watched.has(runtime)) continue
      const again = (error: unknown, wait: number) =>
        log.error({ error, kind, wait }, 'the watch of a runtime ended and begins again')
      this.#watched.set(
        runtime,
        persist(clock, this.#signal, () => this.#watch(runtime), again),
      )
    }
    const drafts = [...this.#told].flatMap(([service, differences]) => this.#drifted(service, differences))
    if (drafts.length > 0) await journal.record(...drafts)
  }

  async done(): Promise<void> {
    await Promise.all(this.#watched.values())
  }

  async #watch(runtime: Runtime): Promise<void> {
    const { log, journal } = this.#parts
    const all = [...this.#parts.runtimes]
    const kinds = all.filter(([, each]) => each === runtime).map(([kind]) => kind)
    for await (const change of runtime.watch(this.#signal)) {
      try {
        const drafts = this.#drafts(change, kinds)
        if (drafts.length > 0) await journal.surely(this.#signal, ...drafts)
      } catch (error) {
        if (!isNoEvent(error)) throw error
        log.error({ error, change }, 'what a runtime told is no event and is left out')
      }
      if (change.kind === 'back') await this.#react.back(kinds)
      if (change.kind === 'lost') this.#react.lost(change.service)
    }
  }

  #drafts(change: RuntimeChange, kinds: string[]): CoreDraft[] {
    const actor = systemActor
    if (change.kind === 'away') {
      const { engine, code, reason } = change
      return [{ kind: 'engine.away', actor, data: { engine, kinds, code, reason: reason.slice(0, 4000) } }]
    }
    if (change.kind === 'back')
      return [{ kind: 'engine.back', actor, data: { engine: change.engine, kinds } }]
    if (change.kind === 'drifted') {
      const { service, differences } = change
      if (differences.length > 0) this.#told.set(service, differences)
      else this.#told.delete(service)
      return this.#drifted(service, differences)
    }
    const { service, deployment, kind, host: _host, ...data } = change
    return [{ kind: `instance.${kind}`, service, deployment, actor, data } as CoreDraft]
  }

  /** A difference is a fact once, until it is another one or none; by its policy it may be none at all. */
  #drifted(service: string, told: Difference[]): CoreDraft[] {
    const { journal, host } = this.#parts
    const { drift, running, deployment: current } = journal.placement(service, host) ?? {}
    const deployment = running?.deployment ?? current?.id
    const ignored = this.#parts.service(service)?.policy.drift === 'ignore'
    const differences = ignored ? [] : told.slice(0, 100)
    if (deployment === undefined || isDeepStrictEqual(drift?.differences ?? [], differences)) return []
    const about = { service, deployment, actor: systemActor }
    if (differences.length === 0) return [{ kind: 'drift.healed', ...about, data: {} }]
    return [{ kind: 'drift.found', ...about, data: { differences } }]
  }
}

/** The kinds that are declared, and those of what runs or may still run. */
export function kindsOf(placements: Placement[]): Set<string> {
  const kinds = placements.flatMap(({ declared, running, deployment, stuck, run }) => [
    ...(running ? [running.runtime] : []),
    ...(deployment ? [deployment.runtime] : []),
    ...(declared || stuck ? [run.kind] : []),
  ])
  return new Set(kinds)
}
