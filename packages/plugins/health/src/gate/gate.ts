import type { ApplyContext, Clock, Config, Journal, Plan, Settlement } from '@longshore/core'
import type { Event } from '@longshore/core/protocol'
import type { Board } from '../checks/board.js'
import type { Check } from '../checks/check.js'
import { spell } from '../probes/network.js'
import type { Scheduler } from '../schedule/scheduler.js'
import { Crashes, isJob } from './crashes.js'
import { evidence, said, type EvidenceParts } from './evidence.js'

/** Milliseconds between two extra looks at what is not well yet. */
const pace = 1_000

export interface GateParts extends EvidenceParts {
  board: Board
  scheduler: Scheduler
  journal: Journal
  config: Config
  clock: Clock
  /** Milliseconds that a deployment has where its service does not say. */
  settle: number
}

type Failure = { code: string; reason: string }

/** Judges what was applied: by its checks, by whether it stays up where it has none, and by its instances in any case. */
export class Gate {
  readonly #parts: GateParts
  readonly #open = new Set<Verifying>()

  constructor(parts: GateParts) {
    this.#parts = parts
  }

  hear(event: Event): void {
    for (const each of this.#open) each.hear(event)
  }

  async settle(plan: Plan, context: ApplyContext): Promise<Settlement> {
    const verifying = new Verifying(plan, context, this.#parts)
    this.#open.add(verifying)
    try {
      const failure = await verifying.judge()
      if (!failure) return { keep: true }
      return { keep: false, ...failure, evidence: await evidence(plan, verifying.checks, this.#parts) }
    } finally {
      this.#open.delete(verifying)
    }
  }
}

/** One deployment while it is judged. */
class Verifying {
  readonly #plan: Plan
  readonly #context: ApplyContext
  readonly #parts: GateParts
  readonly #crashes: Crashes
  checks: readonly Check[] = []
  /** Milliseconds that it has been judged, time apart in which Longshore itself stood still. */
  #passed = 0
  /** What was wanted to be looked at first has been. */
  #looked = false
  #wake = new AbortController()
  readonly #noted = new Map<string, string>()

  constructor(plan: Plan, context: ApplyContext, parts: GateParts) {
    this.#plan = plan
    this.#context = context
    this.#parts = parts
    this.#crashes = new Crashes(plan, () => parts.clock.monotonic())
  }

  hear(event: Event): void {
    this.#crashes.hear(event)
    if (event.deployment === this.#plan.deployment) this.#wake.abort()
  }

  /** Undefined when all is well; throws when nobody wants to know any more. */
  async judge(): Promise<Failure | undefined> {
    const { signal } = this.#context
    const { board, flow, journal } = this.#parts
    signal.throwIfAborted()
    this.checks = board.applied(this.#plan)
    const wake = () => this.#wake.abort()
    const quiet = board.listen(wake)
    signal.addEventListener('abort', wake, { once: true })
    try {
      const { seq = 0 } = (await flow.deployment(this.#plan.deployment)) ?? {}
      await this.#crashes.recall(journal, seq)
      return await this.#watch(this.#window())
    } finally {
      quiet()
      signal.removeEventListener('abort', wake)
    }
  }

  async #watch(window: number): Promise<Failure | undefined> {
    const { board, clock, scheduler } = this.#parts
    const { signal } = this.#context
    await this.#announce(window)
    let next = 0
    for (;;) {
      // Others may be declared meanwhile: those that are taken away say nothing any more.
      this.checks = board.of(this.#plan.service)
      const answer = this.#answer(window)
      if (answer !== 'wait') return answer
      if (this.#passed >= next) {
        next = this.#passed + pace
        const looks = this.#unwell().map((check) => scheduler.now(check))
        void Promise.all(looks).then(() => ((this.#looked = true), this.#wake.abort()))
      }
      this.#wake = new AbortController()
      if (signal.aborted) this.#wake.abort()
      const began = clock.monotonic()
      const rest = Math.max(1, Math.min(next, window > this.#passed ? window : Infinity) - this.#passed)
      await clock.sleep(rest, this.#wake.signal).catch(() => undefined)
      signal.throwIfAborted()
      this.#passed += Math.min(clock.monotonic() - began, 2 * pace)
      await this.#tell()
    }
  }

  #answer(window: number): Failure | undefined | 'wait' {
    const { crash } = this.#crashes
    if (crash) return crash
    const ill = this.checks.find(({ standing }) => standing.state === 'unhealthy')
    if (ill) return unhealthy(ill)
    const unwell = this.#unwell()
    if (this.checks.length > 0 && unwell.length === 0) return undefined
    if (this.#passed < window || (this.checks.length > 0 && !this.#looked)) return 'wait'
    if (this.checks.length === 0) return undefined
    const last = unwell.find((check) => check.last?.verdict.state === 'unhealthy')
    if (last) return unhealthy(last)
    const names = unwell.map((check) => `${check.name} (${said(check)})`).join(', ')
    return {
      code: 'CHECKS_NO_VERDICT',
      reason: `no verdict within ${spell(window)} of ${names}`.slice(0, 2000),
    }
  }

  #unwell(): Check[] {
    return this.checks.filter(({ standing }) => standing.state !== 'healthy')
  }

  /** Milliseconds to become well in, or to stay up. */
  #window(): number {
    const { config, settle } = this.#parts
    const { service, timeout, run } = this.#plan
    const policy = config.current().services[service]?.policy['settle'] as number | undefined
    const wanted = policy ?? settle
    if (this.checks.length === 0) return isJob(run) || this.#repeats() ? 0 : Math.min(wanted, timeout)
    // Before that nothing can be held against it.
    const early = Math.max(...this.checks.map((check) => check.config.startAfter))
    return Math.min(wanted + early, timeout)
  }

  /** Whether the same commit, declared as it is now, was kept already: it is known to stay up. */
  #repeats(): boolean {
    const { service, host, commit, deployment } = this.#plan
    const { kept = [], deployment: under } = this.#parts.flow.placement(service, host) ?? {}
    const before = kept.find((each) => each.commit.sha === commit.sha)
    return under?.id === deployment && before?.digest === under.digest
  }

  async #announce(window: number): Promise<void> {
    if (this.checks.length > 0) {
      const names = this.checks.map(({ name }) => name).join(', ')
      return this.#note(`waits until these checks are well, ${spell(window)} at most: ${names}`)
    }
    if (window > 0) await this.#note(`no checks are declared: it has to stay up for ${spell(window)}`)
  }

  /** What the checks say, whenever one says something else. */
  async #tell(): Promise<void> {
    for (const check of this.checks) {
      if (!check.last) continue
      const { state } = check.last.verdict
      // How long a look took is no news.
      const news = state === 'healthy' ? state : said(check)
      if (this.#noted.get(check.name) === news) continue
      this.#noted.set(check.name, news)
      await this.#note(`check ${check.name}: ${said(check)}`)
    }
  }

  #note(line: string): Promise<void> {
    return this.#context.output.write('note', `${line}\n`)
  }
}

function unhealthy(check: Check): Failure {
  return { code: 'CHECK_UNHEALTHY', reason: `the check ${check.name} says: ${said(check)}`.slice(0, 2000) }
}
