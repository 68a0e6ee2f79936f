import { join } from 'node:path'
import type { ApplyContext, Output, Plan } from '../contracts/runtime.js'
import type { Actor, Commit, Deployment, Outcome, Phase, Trigger } from '../protocol/index.js'
import { within } from '../kernel/deadline.js'
import { describeError, LongshoreError, RefusedError, UnavailableError } from '../kernel/errors.js'
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

/** One attempt that is wanted. */
export interface Attempt {
  id: string
  commit: Commit
  trigger: Trigger
  actor: Actor
  why?: string
}

/** Brings one service to one commit: fetch, plan, guard, apply, verify, settle. Never rejects for what the service does. */
export class Pipeline {
  readonly #parts: FlowParts
  readonly #service: Service
  readonly #attempt: Attempt
  readonly #output: Output
  readonly #signal: AbortSignal
  readonly #phases: Deployment['phases'] = []

  constructor(parts: FlowParts, service: Service, attempt: Attempt, output: Output, signal: AbortSignal) {
    this.#output = output
    this.#parts = parts
    this.#service = service
    this.#attempt = attempt
    this.#signal = signal
  }

  /** Resolves when the deployment is settled and that is durable. */
  async run(): Promise<void> {
    let release: (() => void) | undefined
    try {
      release = await this.#parts.slots.acquire(this.#signal)
      const plan = await this.#carryOut()
      await this.#settle('kept')
      this.#clean(plan)
    } catch (error) {
      await this.#fail(error)
    } finally {
      release?.()
    }
  }

  async #carryOut(): Promise<Plan> {
    const { hooks, runtimes } = this.#parts
    await this.#enter('fetching')
    const directory = await this.#fetch()
    this.#signal.throwIfAborted()
    await this.#enter('planning')
    const plan = await hooks.plan(this.#plan(directory))
    void hooks.tell('planned', plan)
    await hooks.guard(plan)
    this.#signal.throwIfAborted()
    // From here on the host is touched: a restart must find that this was begun.
    await this.#enter('applying')
    const runtime = runtimes.get(plan.run.kind)
    if (!runtime) {
      throw new UnavailableError('RUNTIME_MISSING', `no plugin runs services of kind ${plan.run.kind}`, {
        hint: 'Add the plugin of this kind, and restart Longshore.',
      })
    }
    const what = `up of ${plan.service}`
    await within(plan.timeout, what, (signal) => runtime.apply(plan, this.#context(signal)), this.#signal)
    void hooks.tell('applied', plan)
    await this.#enter('verifying')
    await this.#verify(plan)
    return plan
  }

  async #verify(plan: Plan): Promise<void> {
    const verdict = await this.#parts.hooks.settle(plan, this.#signal)
    void this.#parts.hooks.tell('verified', plan)
    if (!verdict.keep) throw new RefusedVerdict(verdict.code, verdict.reason)
  }

  async #fetch(): Promise<string> {
    const { git, checkouts } = this.#parts
    const { source, name } = this.#service
    const { sha } = this.#attempt.commit
    return checkouts.ensure(name, sha, async (directory) => {
      await git.fetch(source, sha, this.#signal)
      const { files, bytes, left } = await git.checkout(source, sha, directory, this.#signal)
      await this.#output.write('note', `checked out ${sha}: ${files} files, ${bytes} bytes\n`)
      for (const { path, kind } of left) await this.#output.write('note', `left out: ${path} (${kind})\n`)
    })
  }

  #plan(directory: string): Plan {
    const { name, path, run, timeout } = this.#service
    const { id, commit } = this.#attempt
    return {
      deployment: id,
      service: name,
      host: this.#parts.host,
      commit,
      run,
      directory: join(directory, path),
      env: {
        LONGSHORE_SERVICE: name,
        LONGSHORE_COMMIT: commit.sha,
        LONGSHORE_DEPLOYMENT: id,
        LONGSHORE_HOST: this.#parts.host,
      },
      timeout,
    }
  }

  #context(signal: AbortSignal): ApplyContext {
    return {
      signal,
      output: this.#output,
      secret: (reference) => this.#parts.secrets.open(reference, signal),
    }
  }

  async #enter(phase: Phase): Promise<void> {
    const { journal } = this.#parts
    const { id, actor } = this.#attempt
    const kind = this.#phases.length === 0 ? 'deployment.started' : 'deployment.entered'
    const [event] = await journal.record({ kind, ...this.#about(), deployment: id, actor, data: { phase } })
    this.#phases.push({ phase, at: event!.time })
  }

  #about() {
    return { service: this.#service.name, commit: this.#attempt.commit.sha }
  }

  async #fail(error: unknown): Promise<void> {
    const reason: unknown = this.#signal.aborted ? this.#signal.reason : error
    const { code, reason: sentence } = describeError(reason)
    const hint = reason instanceof LongshoreError && reason.hint ? ` ${reason.hint}` : ''
    await this.#output.write('note', `${code}: ${sentence}.${hint}\n`)
    if (!(reason instanceof LongshoreError))
      this.#parts.log.error({ error: reason, ...this.#about() }, 'a deployment met an error')
    if (reason instanceof Ended) return this.#settle(reason.outcome, code, sentence, reason.actor)
    await this.#settle(reason instanceof RefusedError ? 'refused' : 'failed', code, sentence)
  }

  async #settle(
    outcome: Outcome,
    code?: string,
    reason?: string,
    actor = this.#attempt.actor,
  ): Promise<void> {
    const { journal, hooks } = this.#parts
    const { id, why } = this.#attempt
    const data = { outcome, code, reason: reason?.slice(0, 4000), phases: this.#phases }
    await journal.record({ kind: 'deployment.settled', ...this.#about(), deployment: id, actor, why, data })
    const deployment = await journal.deployment(id)
    if (deployment) void hooks.tell(outcome === 'kept' ? 'settled' : 'failed', deployment)
  }

  /** Old checkouts go after a success; that this fails harms nobody and is logged. */
  #clean({ service }: Plan): void {
    const { checkouts, journal, log, host, keepCheckouts } = this.#parts
    const running = journal.placement(service, host)?.running?.commit.sha
    const keep = new Set([this.#attempt.commit.sha, ...(running ? [running] : [])])
    void checkouts.clean(service, keep, keepCheckouts()).catch((error: unknown) => {
      log.warn({ error, service }, 'old checkouts could not be removed')
    })
  }
}

/** What a `settle` tap decided: its own code and sentence, as the plugin gave them. */
class RefusedVerdict extends LongshoreError {}
