import {
  desired,
  gaveUp,
  isBarred,
  nextHeal,
  satisfied,
  systemActor,
  type Actor,
  type Placement,
  type Trigger,
} from '../protocol/index.js'
import { describeError, UnavailableError } from '../kernel/errors.js'
import { newId } from '../kernel/ids.js'
import { persist } from '../waiting/backoff.js'
import { endWith } from './end.js'
import type { FlowParts } from './parts.js'
import { comesBack } from '../drift/policy.js'
import { Ended, Pipeline, type Attempt } from './pipeline.js'

/** Why `desired` is asked again. `force`: a person wants it, so what failed is tried again and what runs is replaced. */
export interface Ask {
  trigger: Trigger
  actor: Actor
  why?: string
  force?: boolean
  /** Stay on the commit that runs. */
  keep?: boolean
  /** The deployment whose drift is to be put right: nothing is done when another one runs by then. */
  heals?: string
  /** The deployment to repeat, with what it used. */
  like?: string
  /** The id that the deployment shall have, when the asker has told it to somebody already. */
  id?: string
}

/**
 * One placement's lane: one deployment at a time. Triggers only ask; asks coalesce, and the lane closes the difference
 * between what runs and what should until there is none.
 */
export class Lane {
  readonly #parts: FlowParts
  readonly #service: string
  readonly #life = new AbortController()
  #ask: Ask | undefined
  #work: Promise<void> | undefined
  /** Ends the wait before the next try: whoever asks now does not wait for what failed before. */
  #pause = new AbortController()
  /** `wanted` is what `desired` said when it began: a restart keeps another commit, and is not superseded by that. */
  #current: { id: string; wanted: string; digest: string; controller: AbortController } | undefined

  constructor(parts: FlowParts, service: string) {
    this.#parts = parts
    this.#service = service
  }

  /** Answers the id that the deployment will have: that of an ask which waits already, or the one given. */
  ask(ask: Ask): string | undefined {
    if (this.#life.signal.aborted) return undefined
    const { id } = (this.#ask = merge(this.#ask, ask))
    this.#yieldToNewer()
    this.#pause.abort()
    this.#work ??= this.#run()
    return id
  }

  /** Ends the deployment under way by that id; false when there is none. */
  cancel(id: string, reason: Ended): boolean {
    if (this.#current?.id !== id) return false
    this.#current.controller.abort(reason)
    return true
  }

  /** Resolves when nothing more is to be done for now. */
  async idle(): Promise<void> {
    await this.#work
  }

  /** Takes no more asks and ends the one under way; resolves when nothing of it is left. */
  async close(): Promise<void> {
    const reason = new Ended('DEPLOYMENT_INTERRUPTED', 'interrupted', 'Longshore stopped', systemActor)
    this.#life.abort(reason)
    this.#pause.abort()
    this.#current?.controller.abort(reason)
    await this.#work
  }

  #placement(): Placement | undefined {
    return this.#parts.journal.placement(this.#service, this.#parts.host)
  }

  /** The newest wins: what is under way for anything else is ended. */
  #yieldToNewer(): void {
    const current = this.#current
    const placement = this.#placement()
    if (!current || !placement) return
    const wanted = desired(placement).commit
    if (!wanted) {
      const reason = placement.hold ? 'the service was stopped' : 'nothing should run any more'
      current.controller.abort(new Ended('DEPLOYMENT_STOPPED', 'cancelled', reason, placement.hold?.by))
    } else if (wanted.sha !== current.wanted || placement.digest !== current.digest) {
      const reason = `${wanted.sha.slice(0, 7)} is wanted instead`
      current.controller.abort(new Ended('DEPLOYMENT_SUPERSEDED', 'superseded', reason))
    }
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#parts
    const again = (error: unknown, wait: number) =>
      log.error({ error, service: this.#service, wait }, 'the flow could not go on and tries again')
    while (this.#ask && !this.#life.signal.aborted) {
      const ask = this.#ask
      this.#ask = undefined
      this.#pause = new AbortController()
      let closed = false
      const close = async () => {
        await this.#close(ask)
        closed = true
      }
      await persist(clock, this.#pause.signal, close, again)
      if (!closed) this.#ask = this.#ask ? merge(ask, this.#ask) : ask
    }
    // In the same breath as the last look at `ask`: one that comes later begins anew.
    this.#work = undefined
  }

  /** One look at the difference between what runs and what should. */
  async #close(ask: Ask): Promise<void> {
    const placement = this.#placement()
    if (!placement) return
    const { running, stuck } = placement
    const { commit: wanted, because, like: back } = desired(placement)
    if (!wanted) {
      // Another repository or branch is declared, or the data folder was lost: what runs goes on until a commit is there.
      if (because === 'nothing yet') return
      if (running || stuck || ask.trigger !== 'commit') await this.#end(placement, ask)
      return
    }
    const failed = gaveUp(placement)
    const again =
      comesBack(this.#parts, placement) ||
      (ask.heals !== undefined && ask.heals === running?.deployment && nextHeal(placement)?.act === 'try')
    if (!ask.force && !again && (failed || satisfied(placement))) return
    // What was lost or has drifted comes back as it ran, when the newest is known to fail.
    const keep = ask.keep || (failed && (again || ask.trigger === 'lost'))
    const commit = keep && running && !isBarred(placement, running.commit) ? running.commit : wanted
    const { actor, why, id = newId(this.#parts.clock.now()) } = ask
    // What somebody wanted to repeat says nothing about another commit that came meanwhile.
    const liked = ask.like === undefined ? undefined : await this.#parts.journal.deployment(ask.like)
    const repeats = liked?.commit.sha === commit.sha
    const asked = ask.trigger === 'rollback' && !repeats ? 'commit' : ask.trigger
    const trigger = because === 'quarantined' && running?.commit.sha !== wanted.sha ? 'rollback' : asked
    const same = running?.commit.sha === commit.sha && running.digest === placement.digest
    // What a name stands for may have changed since: only who asks for a deployment wants to know.
    const before = same && trigger !== 'operator' ? running.deployment : undefined
    const like = repeats ? ask.like : trigger === 'rollback' ? back : before
    // Whatever comes of this ask after it, another try is another deployment.
    ask.id = undefined
    await this.#deploy(placement, { id, commit, trigger, actor, why, like }, wanted.sha)
    const after = this.#placement()
    if (after && comesBack(this.#parts, after))
      throw new UnavailableError('SERVICE_LOST', after.last?.reason ?? 'it is gone')
    // What came in meanwhile, or what this one left undone, is looked at again; a failure is not.
    this.#ask ??= { trigger: ask.trigger === 'rollback' ? 'commit' : ask.trigger, actor: systemActor }
  }

  async #deploy({ running, run, digest }: Placement, attempt: Attempt, wanted: string): Promise<void> {
    const { journal, outputs } = this.#parts
    const { signal: life } = this.#life
    const service = this.#parts.service(this.#service)
    if (!service) return
    const { id, commit, trigger, actor, why } = attempt
    const controller = new AbortController()
    this.#current = { id, wanted, digest, controller }
    // Open before anybody can know of the deployment: whoever follows it then waits for its end.
    const output = await outputs.open(id)
    try {
      if (running && running.runtime !== run.kind) await endWith(this.#parts, running.runtime, this.#service)
      const about = { service: service.name, deployment: id, commit: commit.sha, actor, why }
      const data = { commit, trigger, digest, runtime: run.kind }
      const started = { kind: 'deployment.started', ...about, data: { phase: 'fetching' } } as const
      await journal.record({ kind: 'deployment.queued', ...about, data }, started)
      // Something newer may have come while this was being written.
      this.#yieldToNewer()
      if (life.aborted) controller.abort(life.reason)
      await new Pipeline({ ...this.#parts, output, life }, service, attempt, controller.signal).run()
    } finally {
      this.#current = undefined
      await output.close()
    }
  }

  async #end({ running, stuck, run, hold, declared }: Placement, { actor, why }: Ask): Promise<void> {
    const { journal } = this.#parts
    const service = this.#service
    try {
      await endWith(this.#parts, running?.runtime ?? run.kind, service)
    } catch (error) {
      const data = describeError(error)
      const known = this.#placement()?.stuck?.reason === data.reason
      if (!known) await journal.record({ kind: 'service.stuck', service, actor: systemActor, data })
      throw error
    }
    if (!running && !stuck) return
    const data = { because: hold ? 'held' : declared ? 'quarantined' : 'removed' } as const
    await journal.record({ kind: 'service.ended', service, actor, why, commit: running?.commit.sha, data })
  }
}

/** How much what asks insists, where it is less than others. */
const weight: Partial<Record<Trigger, number>> = { commit: 1, drift: 2 }
const weigh = ({ trigger }: Ask) => weight[trigger] ?? 3

/**
 * Two asks become one: the newer speaks, unless it insists on less, as a mere commit does; what either insisted on stays,
 * and the id that was told first.
 */
function merge(before: Ask | undefined, after: Ask): Ask {
  if (!before) return after
  const keep = after.force ? after.keep : before.keep
  return {
    ...(weigh(after) < weigh(before) ? before : after),
    force: before.force || after.force,
    keep,
    like: after.like ?? before.like,
    heals: after.heals ?? before.heals,
    id: before.id ?? after.id,
  }
}
