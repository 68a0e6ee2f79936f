import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ApplyContext, Output, Plan } from '../contracts/runtime.js'
import {
  gateAnswer,
  systemActor,
  type Actor,
  type Commit,
  type CoreDraft,
  type Made,
  type Outcome,
  type Phase,
  type Trigger,
} from '../protocol/index.js'
import { within } from '../waiting/deadline.js'
import { AwayError, describeError, LongshoreError, RefusedError, UnavailableError } from '../kernel/errors.js'
import type { Settlement } from '../kernel/hooks.js'
import { masking } from '../kernel/masked.js'
import { persist } from '../waiting/backoff.js'
import { barByName, barring } from '../admission/barring.js'
import { slack, tidy } from './end.js'
import type { FlowParts } from './parts.js'
import { planOf } from './plan.js'
import type { Service } from './service.js'

/** Why a deployment under way is ended from outside: its outcome, and who says so. */
export class Ended extends LongshoreError {
  readonly outcome: Outcome
  readonly actor: Actor | undefined

  constructor(code: string, outcome: Outcome, reason: string, actor?: Actor) {
    super(code, reason)
    this.outcome = outcome
    this.actor = actor
  }
}

/** What was applied was found to be ill. */
class IllError extends LongshoreError {
  readonly evidence: string[]

  constructor({ code, reason, evidence = [] }: Exclude<Settlement, { keep: true }>) {
    super(code, reason)
    this.evidence = evidence
  }
}

/** Milliseconds between two tries while an engine is away: what waited goes on soon after it is back. */
const awayLook = 2_000

/** One attempt that is wanted. */
export interface Attempt {
  id: string
  commit: Commit
  trigger: Trigger
  actor: Actor
  why?: string
  /** The deployment that it repeats. */
  like?: string
}

/** `life` outlives the deployment's own signal: what became of it has to be recorded in any case. */
export type PipelineParts = FlowParts & { output: Output; life: AbortSignal }

/** Brings one service to one commit: fetch, plan, guard, apply, verify, settle. Never rejects for what the service does. */
export class Pipeline {
  readonly #parts: PipelineParts
  readonly #service: Service
  readonly #attempt: Attempt
  readonly #signal: AbortSignal
  /** What is done again while an engine is away is no other phase. */
  readonly #entered = new Set<Phase>()

  constructor(parts: PipelineParts, service: Service, attempt: Attempt, signal: AbortSignal) {
    this.#parts = parts
    this.#service = service
    this.#attempt = attempt
    this.#signal = signal
  }

  /** Resolves when the deployment is settled and that is durable. */
  async run(): Promise<void> {
    try {
      const directory = await this.#fetch()
      // Whoever waits for a repository or for room on the disk takes no place: only what touches the host does.
      const { slots } = this.#parts
      if (slots.full)
        await this.#note('as many deployments are under way as may be (defaults.parallel): it waits')
      const bring = async () => this.#verify(await slots.take(this.#signal, () => this.#carryOut(directory)))
      await this.#until(AwayError, bring, awayLook)
      await this.#settle('kept')
    } catch (error) {
      await this.#fail(error)
    }
    // Before the lane goes on: nothing of the service is written or begun meanwhile.
    await tidy(this.#parts, this.#service.name)
  }

  async #carryOut(directory: string): Promise<Plan> {
    const { hooks, runtimes } = this.#parts
    // Durable with the next write that is waited for: planning touches nothing yet.
    void this.#enter('planning').catch(() => undefined)
    const draft = await this.#plan(directory)
    const plan = await this.#decided('plan', draft, () => hooks.plan(draft))
    await this.#decided('guard', plan, (signal) => hooks.guard(plan, this.#context(signal)))
    const { kind } = this.#service.run
    const runtime = runtimes.get(kind)
    if (!runtime) {
      throw new UnavailableError('RUNTIME_MISSING', `no plugin runs services of kind ${kind}`, {
        hint: 'Add the plugin of this kind, and restart Longshore.',
      })
    }
    this.#signal.throwIfAborted()
    // It may have waited long for its turn, or for an engine.
    await this.#refuseBarred()
    // From here on the host is touched: a restart must find that this was begun.
    await this.#enter('applying')
    void hooks.tell('planned', plan)
    const what = `up of ${plan.service}`
    // Waited for also when it is aborted: only its runtime knows when nothing of it is left.
    const made = await within(plan.timeout + slack, what, (late) =>
      runtime.apply(plan, this.#context(AbortSignal.any([this.#signal, late]))),
    )
    void hooks.tell('applied', plan)
    await this.#enter('verifying', made || undefined)
    return plan
  }

  /** Whoever judges what runs touches nothing, however long it takes. */
  async #verify(plan: Plan): Promise<void> {
    const { hooks } = this.#parts
    const verdict = await this.#decided('settle', plan, (signal) => hooks.settle(plan, this.#context(signal)))
    void hooks.tell('verified', plan)
    if (!verdict.keep) throw new IllError(verdict)
  }

  /** What taps decide. One that never answers ends with the deadline, and with the deployment: it holds no lane up. */
  #decided<T>(hook: string, { service, timeout }: Plan, ask: (signal: AbortSignal) => Promise<T>) {
    return within(timeout + slack, `${hook} of ${service}`, ask, this.#signal)
  }

  /** The service's folder in a tree of its own. What cannot be had now is waited for: a server that is away, a full disk. */
  async #fetch(): Promise<string> {
    return this.#until(UnavailableError, () => this.#checkOut())
  }

  /** Does the work, again and again while it fails by this, `longest` ms apart at most. */
  async #until<T>(passing: typeof UnavailableError, work: () => Promise<T>, longest?: number): Promise<T> {
    let noted: string | undefined
    const again = async (error: unknown, wait: number) => {
      if (!(error instanceof passing)) throw error
      const line = `${error.message}; tried again ${longest ? 'until it is back' : `in ${Math.round(wait / 1000)} s`}`
      if (line !== noted) await this.#note((noted = line))
    }
    const done = await persist(this.#parts.clock, this.#signal, work, again, longest)
    this.#signal.throwIfAborted()
    return done as T
  }

  async #checkOut(): Promise<string> {
    const { git, checkouts } = this.#parts
    const { source, name, path } = this.#service
    const { sha } = this.#attempt.commit
    await this.#refuseBarred()
    const tree = await checkouts.write(name, `${this.#attempt.id}-${sha}`, async (directory) => {
      await git.fetch(source, sha, this.#signal)
      const { files, bytes, left } = await git.checkout(source, sha, directory, this.#signal)
      await this.#note(`checked out ${sha}: ${files === 1 ? '1 file' : `${files} files`}, ${bytes} bytes`)
      for (const each of left) await this.#note(`left out: ${each.path} (${each.kind})`)
      const folder = await stat(join(directory, path)).catch(() => undefined)
      if (folder?.isDirectory()) return
      throw new LongshoreError('SOURCE_PATH_MISSING', `${path} is no folder of the commit ${sha}`, {
        hint: 'Name one of its folders by source.path, or commit it; what lies in a submodule is left out.',
      })
    })
    return join(tree, path)
  }

  /** However it came here: what bars all that contains a commit may have been placed while this one was on its way. */
  async #refuseBarred(): Promise<void> {
    const { journal, host } = this.#parts
    const { source, name } = this.#service
    const { commit } = this.#attempt
    const placement = journal.placement(name, host)!
    const bar = await barring(this.#parts, source, placement, commit, this.#signal)
    if (!bar) return
    await journal.record(bar.adopt ?? barByName(placement, bar.quarantine, commit.sha))
    throw new RefusedError(bar.code, bar.reason)
  }

  #note(line: string): Promise<void> {
    return this.#parts.output.write('note', `${line}\n`)
  }

  async #plan(directory: string): Promise<Plan> {
    const { id, commit, like } = this.#attempt
    const { host, journal } = this.#parts
    const made = like === undefined ? undefined : (await journal.deployment(like))?.made
    return planOf(this.#service, { deployment: id, commit, host, directory, made })
  }

  #context(signal: AbortSignal): ApplyContext {
    const { output, secrets, slots } = this.#parts
    return {
      signal,
      output,
      secret: (reference) => secrets.open(reference, signal),
      aside: (work) => slots.aside(work),
    }
  }

  /** Once the host was touched, what follows is recorded in any case. */
  async #enter(phase: Phase, made?: Made): Promise<void> {
    const { journal, life } = this.#parts
    const { actor } = this.#attempt
    if (this.#entered.has(phase)) return
    this.#entered.add(phase)
    const draft = { kind: 'deployment.entered', ...this.#about(), actor, data: { phase, made } } as const
    await (phase === 'verifying' ? journal.surely(life, draft) : journal.record(draft))
  }

  #about() {
    return { service: this.#service.name, commit: this.#attempt.commit.sha, deployment: this.#attempt.id }
  }

  async #fail(error: unknown): Promise<void> {
    const reason: unknown = this.#signal.aborted ? this.#signal.reason : error
    const ours = reason instanceof LongshoreError
    const failure = describeError(reason)
    await this.#note(`${failure.code}: ${failure.reason}.${ours && reason.hint ? ` ${reason.hint}` : ''}`)
    if (!ours) this.#parts.log.error({ error: reason, ...this.#about() }, 'a deployment met an error')
    if (reason instanceof Ended) return this.#settle(reason.outcome, failure, reason.actor)
    if (reason instanceof IllError) return this.#gate(reason, failure)
    await this.#settle(reason instanceof RefusedError ? 'refused' : 'failed', failure)
  }

  /** It runs and is ill: what follows is recorded with that, in one write. */
  async #gate({ evidence }: IllError, failure: Failure): Promise<void> {
    const placement = this.#parts.journal.placement(this.#service.name, this.#parts.host)!
    const answer = gateAnswer(placement, this.#attempt, this.#service.policy.onFailure)
    const { secrets, life } = this.#parts
    const mask = await masking(this.#service.run, (reference) => secrets.open(reference, life))
    const about = { ...this.#about(), actor: systemActor, why: mask(failure.reason).slice(0, 2000) }
    const lines = evidence.slice(0, 50).map((line) => mask(line).slice(0, 2000))
    const data = { descendants: false, evidence: lines.length > 0 ? lines : undefined }
    for (const line of lines) await this.#note(`| ${line}`)
    const drafts: CoreDraft[] = []
    if (answer.quarantine) drafts.push({ kind: 'quarantine.placed', ...about, data })
    if (answer.hold) drafts.push({ kind: 'hold.placed', ...about, data: {} })
    await this.#settle(
      answer.outcome,
      { ...failure, reason: mask(failure.reason) },
      this.#attempt.actor,
      drafts,
    )
  }

  async #settle(
    outcome: Outcome,
    failure?: Failure,
    actor = this.#attempt.actor,
    drafts: CoreDraft[] = [],
  ): Promise<void> {
    const { journal, hooks, life } = this.#parts
    const { id, why } = this.#attempt
    const { code, reason } = failure ?? {}
    const { phases = [] } = (await journal.deployment(id)) ?? {}
    const runs = this.#entered.has('verifying') || undefined
    const data = { outcome, code, reason: reason?.slice(0, 4000), runs, phases }
    const settled = { kind: 'deployment.settled', ...this.#about(), actor, why, data } as const
    await journal.surely(life, settled, ...drafts)
    const deployment = await journal.deployment(id)
    if (deployment) void hooks.tell(outcome === 'kept' ? 'settled' : 'failed', deployment)
  }
}

type Failure = ReturnType<typeof describeError>
