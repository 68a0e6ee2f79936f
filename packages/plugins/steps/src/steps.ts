import { describeError, LongshoreError, UnavailableError } from '@longshore/core'
import type { ApplyContext, Clock, Command, Config, Journal, Logger, Plan, Runtime } from '@longshore/core'
import { systemActor } from '@longshore/core/protocol'
import type { Step, StepsPolicy } from './config.js'
import { stepFailed, stepLate } from './errors.js'
import { LastWords } from './words.js'

interface Parts {
  runtimes: ReadonlyMap<string, Runtime>
  config: Config
  journal: Journal
  clock: Clock
  log: Logger
}

/** Steps of one deployment, with the time that they have together. */
interface Round {
  plan: Plan
  context: ApplyContext
  when: 'before' | 'after'
  /** By the monotonic clock, in milliseconds. */
  ends: number
}

/** A step among those of its round, as people read it: `before 1/2: npm run migrate`. */
interface Place {
  step: Step
  index: number
  of: number
}

/** Runs the steps of services, in order. */
export class Steps {
  readonly #parts: Parts
  /** The end of each service's last step: one that was aborted may take a while to be gone. */
  readonly #gone = new Map<string, Promise<unknown>>()
  /** When what is judged now was applied, by service. */
  readonly #applied = new Map<string, { deployment: string; at: number }>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Before the host is touched. Errors: STEP_FAILED, STEP_TIMEOUT, those of the runtime. */
  async before(plan: Plan, context: ApplyContext): Promise<void> {
    await this.#gone.get(plan.service)
    context.signal.throwIfAborted()
    const round: Round = { plan, context, when: 'before', ends: this.#parts.clock.monotonic() + plan.timeout }
    for (const place of this.#of(round)) await this.#run(round, place)
  }

  applied({ service, deployment }: Plan): void {
    this.#applied.set(service, { deployment, at: this.#parts.clock.monotonic() })
  }

  /** When it was found well: what fails now is told, and changes nothing of that. */
  async after(plan: Plan, context: ApplyContext): Promise<void> {
    const known = this.#applied.get(plan.service)
    const since = known?.deployment === plan.deployment ? known.at : this.#parts.clock.monotonic()
    const round: Round = { plan, context, when: 'after', ends: since + plan.timeout }
    for (const place of this.#of(round)) {
      try {
        await this.#run(round, place)
      } catch (error) {
        context.signal.throwIfAborted()
        return this.#tell(round, place, error)
      }
    }
  }

  /** None for a deployment that repeats one which was kept: a restart, healing, a rollback. */
  #of({ plan, when }: Round): Place[] {
    if (plan.made) return []
    return this.#policy(plan.service)[when].map((step, index, all) => ({ step, index, of: all.length }))
  }

  async #run({ plan, context, when, ends }: Round, { step, index, of }: Place): Promise<void> {
    const name = `${when} ${index + 1}/${of}`
    const words = step.run.join(' ')
    await context.output.write('note', `${name}: ${words}\n`)
    const timeout = Math.min(step.timeout, Math.max(ends - this.#parts.clock.monotonic(), 1))
    const heard = new LastWords(context)
    const command: Command = { ...plan, argv: step.run, in: placeOf(step.in), timeout }
    const running = this.#runtime(command).run!(command, heard.context)
    const gone = running.catch(() => undefined)
    this.#gone.set(plan.service, gone)
    try {
      const exit = await running
      if (exit.exitCode !== 0) throw stepFailed(`${name} (${words})`, exit, heard.last)
    } catch (error) {
      const late = describeError(error).code === 'COMMAND_TIMEOUT'
      throw late ? stepLate(`${name} (${words})`, timeout, heard.last) : error
    } finally {
      if (this.#gone.get(plan.service) === gone) this.#gone.delete(plan.service)
    }
  }

  async #tell({ plan, context }: Round, { index, of }: Place, error: unknown): Promise<void> {
    const { journal, log } = this.#parts
    const { code, reason } = describeError(error)
    const left = of - index - 1
    const more = left === 0 ? '' : `; ${left === 1 ? 'the step' : `the ${left} steps`} behind it did not run`
    await context.output.write('note', `${code}: ${reason}. What was deployed stays${more}\n`)
    if (!(error instanceof LongshoreError)) log.error({ error, service: plan.service }, 'a step met an error')
    const about = { service: plan.service, deployment: plan.deployment, commit: plan.commit.sha }
    const data = { step: index + 1, of, code, reason: reason.slice(0, 4000) }
    await journal
      .record({ kind: 'step.failed', ...about, actor: systemActor, data })
      .catch((fault: unknown) =>
        log.error({ error: fault, ...about, data }, 'a failed step was not recorded'),
      )
  }

  /** None of a service that was taken out of the config meanwhile. */
  #policy(service: string): StepsPolicy {
    const none: StepsPolicy = { before: [], after: [] }
    return { ...none, ...this.#parts.config.current().services[service]?.policy }
  }

  /** What a checkout needs is the same for every kind. */
  #runtime({ in: { kind }, run }: Command): Runtime {
    const name = kind === 'checkout' ? 'command' : (run as { kind: string }).kind
    const runtime = this.#parts.runtimes.get(name)
    if (runtime?.run) return runtime
    throw new UnavailableError('STEP_RUNTIME', `no plugin runs commands of kind ${name}`, {
      hint: 'Add one that does, or take the steps out of the policy.',
    })
  }
}

/** What `in` says; any other word is a service of the compose project. */
function placeOf(word: string): Command['in'] {
  if (word === 'checkout' || word === 'container' || word === 'instance') return { kind: word }
  const [, inside, service] = /^(instance:)?(.*)$/.exec(word)!
  return { kind: inside ? 'instance' : 'container', service: service! }
}
