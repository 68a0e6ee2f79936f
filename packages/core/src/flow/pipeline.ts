import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ApplyContext, Output, Plan } from '../contracts/runtime.js'
import type { Actor, Commit, Made, Outcome, Phase, Trigger } from '../protocol/index.js'
import { within } from '../waiting/deadline.js'
import { AwayError, describeError, LongshoreError, RefusedError, UnavailableError } from '../kernel/errors.js'
import { persist } from '../waiting/backoff.js'
import { slack, tidy } from './end.js'
import type { FlowParts } from './parts.js'
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
      await this.#until(AwayError, () => slots.take(this.#signal, () => this.#carryOut(directory)), awayLook)
      await this.#settle('kept')
    } catch (error) {
      await this.#fail(error)
    }
    // Before the lane goes on: nothing of the service is written or begun meanwhile.
    await tidy(this.#parts, this.#service.name)
  }

  async #carryOut(directory: string): Promise<void> {
    const { hooks, runtimes } = this.#parts
    // Durable with the next write that is waited for: planning touches nothing yet.
    void this.#enter('planning').catch(() => undefined)
    const draft = await this.#plan(directory)
    const plan = await this.#decided('plan', draft, () => hooks.plan(draft))
    await this.#decided('guard', plan, () => hooks.guard(plan))
    const { kind } = this.#service.run
    const runtime = runtimes.get(kind)
    if (!runtime) {
      throw new UnavailableError('RUNTIME_MISSING', `no plugin runs services of kind ${kind}`, {
        hint: 'Add the plugin of this kind, and restart Longshore.',
      })
    }
    this.#signal.throwIfAborted()
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
    const verdict = await this.#decided('settle', plan, (signal) => hooks.settle(plan, signal))
    void hooks.tell('verified', plan)
    if (!verdict.keep) throw new LongshoreError(verdict.code, verdict.reason)
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

  #note(line: string): Promise<void> {
    return this.#parts.output.write('note', `${line}\n`)
  }

  async #plan(directory: string): Promise<Plan> {
    const { name, run, timeout } = this.#service
    const { id, commit, like } = this.#attempt
    const { host, journal } = this.#parts
    const made = like === undefined ? undefined : (await journal.deployment(like))?.made
    const env = {
      LONGSHORE_SERVICE: name,
      LONGSHORE_COMMIT: commit.sha,
      LONGSHORE_DEPLOYMENT: id,
      LONGSHORE_HOST: host,
    }
    return { deployment: id, service: name, host, commit, run, directory, made, env, timeout }
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
    await this.#settle(reason instanceof RefusedError ? 'refused' : 'failed', failure)
  }

  async #settle(outcome: Outcome, failure?: Failure, actor = this.#attempt.actor): Promise<void> {
    const { journal, hooks, life } = this.#parts
    const { id, why } = this.#attempt
    const { code, reason } = failure ?? {}
    const { phases = [] } = (await journal.deployment(id)) ?? {}
    const data = { outcome, code, reason: reason?.slice(0, 4000), phases }
    await journal.surely(life, { kind: 'deployment.settled', ...this.#about(), actor, why, data })
    const deployment = await journal.deployment(id)
    if (deployment) void hooks.tell(outcome === 'kept' ? 'settled' : 'failed', deployment)
  }
}

type Failure = ReturnType<typeof describeError>
