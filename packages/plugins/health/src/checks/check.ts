import type { CheckTarget, Clock, HealthProbe, Logger, Verdict } from '@longshore/core'
import { describeError } from '@longshore/core'
import { checkName, type CheckConfig } from '@longshore/core/protocol'
import { LeftError, StalledError, type Look, type Task } from '../schedule/turn.js'
import { Judge, type Standing } from './judge.js'

/** Characters of a verdict's reason that are kept. */
const reasonMost = 500

/** The last look at a check, whether it counted or not. */
export interface LastLook {
  /** Milliseconds since the epoch. */
  at: number
  verdict: Verdict
  /** Milliseconds that it took. */
  took: number
}

/** What a check is looked at for, and since when; milliseconds since the epoch. */
export type Aim = Omit<CheckTarget<CheckConfig>, 'name' | 'check'>

export interface CheckParts {
  clock: Clock
  log: Logger
  probe(kind: string): HealthProbe | undefined
  /** A look that counts. */
  looked(check: Check, look: LastLook): void
  missed(check: Check, count: number): void
  /** Its state is another one now, of this deployment: to be recorded. Rejects when that cannot be done now. */
  record(check: Check, aim: Aim, standing: Standing): Promise<void>
}

/** One check of one service at work. */
export class Check implements Task {
  readonly service: string
  readonly name: string
  readonly config: CheckConfig
  readonly #parts: CheckParts
  readonly #judge: Judge
  #aim: Aim | undefined
  /** Whose state is judged: what was known of another deployment says nothing about this one. */
  #judged: string | undefined
  /** Monotonic milliseconds from which on it counts when it is ill. */
  #counts = 0
  #told: Standing['state'] = 'unknown'
  #telling = false
  last: LastLook | undefined

  constructor(service: string, config: CheckConfig, parts: CheckParts) {
    this.service = service
    this.name = checkName(config)
    this.config = config
    this.#parts = parts
    this.#judge = new Judge(config)
  }

  get key(): string {
    return `${this.service}/${this.name}`
  }

  get every(): number {
    return this.config.every
  }

  get timeout(): number {
    return this.config.timeout
  }

  get aim(): Aim | undefined {
    return this.#aim
  }

  /** What is known of what it is aimed at. */
  get standing(): Standing {
    return this.#aim ? this.#judge.standing : { state: 'unknown' }
  }

  /** From now on it is looked at for this, or for nothing. `recorded`: what is known of it from before. */
  aimAt(aim: Aim | undefined, recorded?: () => Standing | undefined): void {
    this.#aim = aim
    if (!aim || aim.deployment === this.#judged) return
    const { clock } = this.#parts
    const known = recorded?.()
    const age = Math.max(0, clock.now() - aim.since)
    this.#judged = aim.deployment
    this.#counts = clock.monotonic() - age + this.config.startAfter
    this.#judge.begin(known)
    this.#told = known?.state ?? 'unknown'
    this.last = undefined
  }

  missed(count: number): void {
    this.#parts.missed(this, count)
  }

  async look(signal: AbortSignal, look: Look): Promise<void> {
    const aim = this.#aim
    if (!aim) return
    const { clock } = this.#parts
    const began = clock.monotonic()
    const verdict = await this.#ask(aim, signal)
    if (signal.reason instanceof LeftError || aim.deployment !== this.#aim?.deployment) return
    this.last = { at: clock.now(), verdict, took: clock.monotonic() - began }
    // Too early, or asked only by someone who hopes: then it may only turn out to be well.
    const early = look.extra || clock.monotonic() < this.#counts
    if (verdict.state === 'healthy' || !early) {
      this.#judge.take(verdict, this.last.at)
      this.#parts.looked(this, this.last)
    }
    await this.#tell(aim)
  }

  async #ask(aim: Aim, signal: AbortSignal): Promise<Verdict> {
    const { kind } = this.config
    const probe = this.#parts.probe(kind)
    if (!probe) return { state: 'unknown', reason: `no plugin looks at checks of kind ${kind}` }
    try {
      const verdict = await probe.check({ ...aim, name: this.name, check: this.config }, signal)
      return signal.reason instanceof StalledError ? stalled : short(verdict)
    } catch (error) {
      if (signal.reason instanceof StalledError) return stalled
      return { state: 'unknown', reason: describeError(error).reason.slice(0, reasonMost) }
    }
  }

  /** Tells a change once; what could not be recorded is told with the next look. */
  async #tell(aim: Aim): Promise<void> {
    const { standing } = this.#judge
    if (standing.state === this.#told || standing.state === 'unknown' || this.#telling) return
    this.#telling = true
    try {
      await this.#parts.record(this, aim, standing)
      if (this.#judged === aim.deployment) this.#told = standing.state
    } catch (error) {
      this.#parts.log.warn({ error, check: this.key }, 'what a check says could not be recorded yet')
    } finally {
      this.#telling = false
    }
  }
}

const stalled: Verdict = { state: 'unknown', reason: 'Longshore itself stood still meanwhile' }

/** A probe may say more than anybody wants to keep. */
function short(verdict: Verdict): Verdict {
  if (verdict.state === 'healthy') return verdict
  return { ...verdict, reason: verdict.reason.slice(0, reasonMost) }
}
