import type { PlacementRef } from '../contracts/runtime.js'
import {
  desired,
  gaveUp,
  satisfied,
  systemActor,
  type Actor,
  type Placement,
  type Trigger,
} from '../protocol/index.js'
import { within } from '../kernel/deadline.js'
import { describeError } from '../kernel/errors.js'
import { newId } from '../kernel/ids.js'
import { persist } from './backoff.js'
import type { FlowParts } from './parts.js'
import { Ended, Pipeline, type Attempt } from './pipeline.js'
import type { Service } from './service.js'

/** Why `desired` is asked again. `force`: a person wants it, so what failed is tried again and what runs is replaced. */
export interface Ask {
  trigger: Trigger
  actor: Actor
  why?: string
  force?: boolean
  /** Stay on the commit that runs. */
  keep?: boolean
  /** The id that the deployment shall have, when the asker has told it to somebody already. */
  id?: string
}

/** Milliseconds that ending a service may take before it is tried again. */
const endDeadline = 120_000

/**
 * One placement's lane: one deployment at a time. Triggers only ask; asks coalesce, and the lane closes the difference
 * between what runs and what should until there is none.
 */
export class Lane {
  readonly #parts: FlowParts
  readonly #ref: PlacementRef
  readonly #life = new AbortController()
  #service: Service | undefined
  #ask: Ask | undefined
  #work: Promise<void> | undefined
  /** `wanted` is what `desired` said when it began: a restart keeps another commit, and is not superseded by that. */
  #current: { attempt: Attempt; wanted: string; digest: string; controller: AbortController } | undefined

  constructor(parts: FlowParts, service: string) {
    this.#parts = parts
    this.#ref = { service, host: parts.host }
  }

  /** The declaration to work from; undefined once it was removed from the config. */
  declare(service: Service | undefined): void {
    this.#service = service
  }

  /** Answers the id that the deployment will have: the one given, or that of an ask which waits already. */
  ask(ask: Ask): string | undefined {
    if (this.#life.signal.aborted) return undefined
    const merged = (this.#ask = merge(this.#ask, ask))
    this.#yieldToNewer()
    this.#work ??= this.#run()
    return merged.id
  }

  /** Ends the deployment under way by that id; false when there is none. */
  cancel(id: string, reason: Ended): boolean {
    if (this.#current?.attempt.id !== id) return false
    this.#current.controller.abort(reason)
    return true
  }

  /** Takes no more asks and ends the one under way; resolves when nothing of it is left. */
  async close(): Promise<void> {
    const reason = new Ended('DEPLOYMENT_INTERRUPTED', 'interrupted', 'Longshore stopped', systemActor)
    this.#life.abort(reason)
    this.#current?.controller.abort(reason)
    await this.#work
  }

  #placement(): Placement | undefined {
    return this.#parts.journal.placement(this.#ref.service, this.#ref.host)
  }

  /** The newest wins: what is under way for anything else is ended. */
  #yieldToNewer(): void {
    const current = this.#current
    const placement = this.#placement()
    if (!current || !placement) return
    const wanted = desired(placement).commit
    if (!wanted) {
      const reason = placement.hold ? 'the service was stopped' : 'nothing should run any more'
      current.controller.abort(new Ended('DEPLOYMENT_CANCELLED', 'cancelled', reason, placement.hold?.by))
    } else if (wanted.sha !== current.wanted || placement.digest !== current.digest) {
      const reason = `${wanted.sha.slice(0, 7)} is wanted instead`
      current.controller.abort(new Ended('DEPLOYMENT_SUPERSEDED', 'superseded', reason))
    }
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#parts
    const { signal } = this.#life
    while (this.#ask && !signal.aborted) {
      await persist(
        clock,
        signal,
        () => this.#answer(),
        (error, wait) => log.error({ error, ...this.#ref, wait }, 'the flow could not go on and tries again'),
      )
    }
    // In the same breath as the last look at `ask`: one that comes later begins anew.
    this.#work = undefined
  }

  async #answer(): Promise<void> {
    const ask = this.#ask
    this.#ask = undefined
    try {
      if (ask) await this.#close(ask)
    } catch (error) {
      this.#ask = merge(ask, this.#ask)
      throw error
    }
  }

  /** One look at the difference between what runs and what should. */
  async #close(ask: Ask): Promise<void> {
    const placement = this.#placement()
    if (!placement) return
    const wanted = desired(placement).commit
    if (!wanted) {
      if (placement.running || placement.stuck || ask.trigger !== 'commit')
        await this.#end(placement, placement.hold ? 'held' : 'removed', ask)
      return
    }
    if (!ask.force && (satisfied(placement) || gaveUp(placement))) return
    const commit = ask.keep && placement.running ? placement.running.commit : wanted
    if (ask.keep) await this.#end(placement, 'restart', ask)
    await this.#deploy(
      placement,
      { ...ask, id: ask.id ?? newId(this.#parts.clock.now()), commit },
      wanted.sha,
    )
  }

  async #deploy(placement: Placement, attempt: Attempt, wanted: string): Promise<void> {
    const service = this.#service
    if (!service) return
    const { running, run, digest } = placement
    if (running && running.runtime !== run.kind) await this.#endWith(running.runtime)
    const controller = new AbortController()
    this.#current = { attempt, wanted, digest, controller }
    // Open before anybody can know of the deployment: whoever follows it then waits for its end.
    const output = await this.#parts.outputs.open(attempt.id)
    try {
      const { id: deployment, commit, trigger, actor, why } = attempt
      await this.#parts.journal.record({
        kind: 'deployment.queued',
        service: this.#ref.service,
        deployment,
        commit: commit.sha,
        actor,
        why,
        data: { commit, trigger, digest, runtime: run.kind },
      })
      // Something newer may have come while this was being written.
      this.#yieldToNewer()
      if (this.#life.signal.aborted) controller.abort(this.#life.signal.reason)
      await new Pipeline(
        { ...this.#parts, output, life: this.#life.signal },
        service,
        attempt,
        controller.signal,
      ).run()
    } finally {
      this.#current = undefined
      await output.close()
    }
    // What came in meanwhile, or what this one left undone, is looked at again; a failure is not.
    this.#ask ??= { trigger: attempt.trigger, actor: systemActor }
  }

  async #end(
    placement: Placement,
    because: 'held' | 'removed' | 'restart',
    { actor, why }: Ask,
  ): Promise<void> {
    const { journal } = this.#parts
    try {
      await this.#endWith(placement.running?.runtime ?? placement.run.kind)
    } catch (error) {
      const data = describeError(error)
      if (placement.stuck?.reason !== data.reason) {
        await journal.record({ kind: 'service.stuck', service: this.#ref.service, actor: systemActor, data })
      }
      throw error
    }
    if (!placement.running && !placement.stuck) return
    const { service } = this.#ref
    await journal.record({
      kind: 'service.ended',
      service,
      actor,
      why,
      commit: placement.running?.commit.sha,
      data: { because },
    })
  }

  async #endWith(kind: string): Promise<void> {
    const { runtimes, outputs, secrets, log } = this.#parts
    const runtime = runtimes.get(kind)
    if (!runtime) return log.warn({ ...this.#ref, kind }, 'no plugin can end what this kind once ran')
    const output = await outputs.open(`end-${this.#ref.service}`)
    const context = { output, secret: (reference: { secret: string }) => secrets.open(reference) }
    try {
      await within(endDeadline, `ending ${this.#ref.service}`, (signal) =>
        runtime.end(this.#ref, { ...context, signal }),
      )
    } finally {
      await output.close()
    }
  }
}

/** Two asks become one: the newer speaks, and what either insisted on stays. */
function merge(before: Ask | undefined, after: Ask | undefined): Ask {
  if (!before || !after) return (before ?? after)!
  return {
    ...after,
    force: before.force || after.force,
    keep: after.force ? after.keep : before.keep,
    id: after.id ?? before.id,
  }
}
