import { isDeepStrictEqual } from 'node:util'
import type { Runtime, RuntimeChange } from '../contracts/runtime.js'
import { systemActor, type CoreDraft, type Placement } from '../protocol/index.js'
import { persist } from '../waiting/backoff.js'
import type { FlowParts } from '../flow/parts.js'

/** Records what the runtimes tell. One that nothing is declared for is left alone: its engine may not be there. */
export class Changes {
  readonly #parts: FlowParts
  readonly #signal: AbortSignal
  readonly #back: (kinds: string[]) => Promise<void>
  readonly #watched = new Map<Runtime, Promise<void>>()

  /** `back` is called when the engine of these kinds answers again. */
  constructor(parts: FlowParts, signal: AbortSignal, back: (kinds: string[]) => Promise<void>) {
    this.#parts = parts
    this.#signal = signal
    this.#back = back
  }

  /** Watches the runtimes that these placements need, from now on. */
  follow(placements: Placement[]): void {
    const { runtimes, clock, log } = this.#parts
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
  }

  async done(): Promise<void> {
    await Promise.all(this.#watched.values())
  }

  async #watch(runtime: Runtime): Promise<void> {
    const all = [...this.#parts.runtimes]
    const kinds = all.filter(([, each]) => each === runtime).map(([kind]) => kind)
    for await (const change of runtime.watch(this.#signal)) {
      const draft = this.#draft(change, kinds)
      if (draft) await this.#parts.journal.surely(this.#signal, draft)
      if (change.kind === 'back') await this.#back(kinds)
    }
  }

  #draft(change: RuntimeChange, kinds: string[]): CoreDraft | undefined {
    const actor = systemActor
    if (change.kind === 'away') {
      const { engine, code, reason } = change
      return { kind: 'engine.away', actor, data: { engine, kinds, code, reason: reason.slice(0, 4000) } }
    }
    if (change.kind === 'back') return { kind: 'engine.back', actor, data: { engine: change.engine, kinds } }
    if (change.kind === 'drifted') return this.#drifted(change)
    const { service, deployment, kind, host: _host, ...data } = change
    return { kind: `instance.${kind}`, service, deployment, actor, data } as CoreDraft
  }

  /** A difference is a fact once, until it is another one or none. */
  #drifted({ service, differences }: Extract<RuntimeChange, { kind: 'drifted' }>): CoreDraft | undefined {
    const { journal, host } = this.#parts
    const placement = journal.placement(service, host)
    const known = placement?.drift?.differences ?? []
    if (!placement?.running || isDeepStrictEqual(known, differences)) return undefined
    if (this.#parts.service(service)?.policy.drift === 'ignore') return undefined
    const about = { service, deployment: placement.running.deployment, actor: systemActor }
    if (differences.length === 0) return { kind: 'drift.healed', ...about, data: {} }
    return { kind: 'drift.found', ...about, data: { differences: differences.slice(0, 100) } }
  }
}

/** The kinds that are declared, and those of what still runs. */
export function kindsOf(placements: Placement[]): Set<string> {
  return new Set(
    placements.flatMap(({ running, run }) => (running ? [running.runtime, run.kind] : [run.kind])),
  )
}
