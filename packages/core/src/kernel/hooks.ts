import { AsyncParallelHook, AsyncSeriesBailHook, AsyncSeriesHook, AsyncSeriesWaterfallHook } from 'tapable'
import type { ApplyContext, Plan } from '../contracts/runtime.js'
import type { Actor, Commit, Deployment, Event, Placement } from '../protocol/index.js'
import { within } from '../waiting/deadline.js'
import { token } from './token.js'

/** Milliseconds that the taps of `admit` may take together, and one that is told. */
const tapDeadline = 30_000

/** Why a deciding tap says no: a stable code and a sentence for people. */
export interface Refusal {
  code: string
  reason: string
  /** Not for good: the commit waits, and is judged again when something changes. Whoever refuses for good is obeyed first. */
  waits?: true
  /** With `waits`: RFC 3339, when it is judged again at the latest. */
  until?: string
}

/** What a tap of `admit` found that speaks for a commit: who signed it. It lets nothing in by itself. */
export interface Vouch {
  signer: string
}

/** What the taps of `admit` said of a commit. */
export interface Judgement extends Partial<Vouch> {
  /** Absent: it is let in. */
  refusal?: Refusal
}

/** Who wants a commit let in. */
export interface Asking {
  actor: Actor
  /** `commit`: the source showed it; `operator`: a person names it; `rollback`: a person goes back to what was kept. */
  trigger: 'commit' | 'operator' | 'rollback'
  why?: string
  /** A person sets aside, with a reason, what only bounds when something is deployed. */
  override?: boolean
}

/** `refuseIf(message.includes('[skip]'), 'SKIP_ASKED')`: a refusal when the condition holds, else nothing. */
export function refuseIf(condition: boolean, code: string, reason = `refused: ${code}`): Refusal | undefined {
  return condition ? { code, reason } : undefined
}

/** What `settle` may decide of an applied deployment. `evidence`: lines that people should see, such as its last output. */
export type Settlement = { keep: true } | { keep: false; code: string; reason: string; evidence?: string[] }

type Awaitable<T> = T | Promise<T>
export type Undo = () => void
/** One hook as a plugin sees it. `tap` returns its own undo; the kernel undoes what is left when the plugin stops. */
export interface Hook<Arguments extends unknown[], Answer = void> {
  tap(fn: (...args: Arguments) => Awaitable<Answer>): Undo
}

/** Present tense decides; past tense is told: a tap that throws there is reported and never obeyed. */
export interface Hooks {
  /** Bail: the first refusal bars the commit from this placement. A tap that throws refuses (closed by default). */
  admit: Hook<[commit: Commit, placement: Placement, asking: Asking], Refusal | Vouch | undefined | void>
  /** Waterfall: a new plan, never a mutation. */
  plan: Hook<[plan: Plan], Plan>
  /** Series: throw to stop before the host is touched. */
  guard: Hook<[plan: Plan, context: ApplyContext]>
  /** Bail: the first settlement decides; without one the deployment is kept. */
  settle: Hook<[plan: Plan, context: ApplyContext], Settlement | undefined | void>
  /** Series: what belongs to a deployment that is kept, once nobody refused it; a throw fails it all the same. */
  finish: Hook<[plan: Plan, context: ApplyContext]>

  seen: Hook<[commit: Commit, placement: Placement]>
  planned: Hook<[plan: Plan]>
  applied: Hook<[plan: Plan]>
  verified: Hook<[plan: Plan]>
  settled: Hook<[deployment: Deployment]>
  failed: Hook<[deployment: Deployment]>
  /** Every event, in order of `seq`, once it is durable. */
  recorded: Hook<[event: Event]>

  /** Life: I/O begins here, in the plugins' order; a throw fails the start. */
  started: Hook<[]>
  /** Life: the reverse of `started`, in the reverse order, each within a deadline. */
  stopping: Hook<[]>
}

const deciding = {
  admit: () =>
    new AsyncSeriesBailHook<[Commit, Placement, Asking], Refusal | undefined | void>([
      'commit',
      'placement',
      'asking',
    ]),
  plan: () => new AsyncSeriesWaterfallHook<[Plan]>(['plan']),
  guard: () => new AsyncSeriesHook<[Plan, ApplyContext]>(['plan', 'context']),
  settle: () =>
    new AsyncSeriesBailHook<[Plan, ApplyContext], Settlement | undefined | void>(['plan', 'context']),
  finish: () => new AsyncSeriesHook<[Plan, ApplyContext]>(['plan', 'context']),
}
const told = ['seen', 'planned', 'applied', 'verified', 'settled', 'failed', 'recorded'] as const
type Told = (typeof told)[number]
type ArgumentsOf<K extends keyof Hooks> = Hooks[K] extends Hook<infer A, any> ? A : never

export interface HookFault {
  plugin: string
  hook: string
  error: unknown
}

/** The kernel's side of the hooks: taps by plugin, and the calls. */
export class HookBoard {
  readonly #deciding = {
    admit: deciding.admit(),
    plan: deciding.plan(),
    guard: deciding.guard(),
    settle: deciding.settle(),
    finish: deciding.finish(),
  }
  readonly #told = new Map<Told, AsyncParallelHook<any>>(
    told.map((name) => [name, new AsyncParallelHook(['a', 'b'])]),
  )
  readonly #fault: (fault: HookFault) => void
  readonly #said = new WeakMap<Asking, Judgement>()

  constructor(fault: (fault: HookFault) => void) {
    this.#fault = fault
  }

  /** The hooks as one plugin taps them. `life` takes its started and stopping taps, which the lifecycle runs itself. */
  for(plugin: string, life: Pick<Hooks, 'started' | 'stopping'>, undo: (undo: Undo) => void): Hooks {
    const view = {} as Record<string, Hook<any, any>>
    for (const [name, hook] of Object.entries(this.#deciding))
      view[name] = door(hook, plugin, undo, name === 'admit' ? this.#note : (fn) => fn)
    for (const [name, hook] of this.#told) {
      view[name] = door(hook, plugin, undo, (fn) => async (...args: unknown[]) => {
        try {
          await within(tapDeadline, `${name} of ${plugin}`, async () => fn(...args))
        } catch (error) {
          this.#fault({ plugin, hook: name, error })
        }
      })
    }
    return { ...view, ...life } as unknown as Hooks
  }

  /** Tells; never rejects. */
  async tell<K extends Told>(name: K, ...args: ArgumentsOf<K>): Promise<void> {
    await this.#told.get(name)!.promise(...args)
  }

  async admit(commit: Commit, placement: Placement, asked: Asking): Promise<Judgement> {
    // An object of this call's own: what its taps say is kept by it.
    const asking = { ...asked }
    const said: Judgement = {}
    this.#said.set(asking, said)
    try {
      const ask = () => this.#deciding.admit.promise(commit, placement, asking)
      const refusal = await within(tapDeadline, 'admit', ask)
      return refusal ? { refusal } : said
    } catch (error) {
      this.#fault({ plugin: 'an admit tap', hook: 'admit', error })
      const reason = 'a plugin that decides about commits failed, so the commit is not let in'
      return { refusal: { code: 'ADMIT_FAILED', reason } }
    }
  }

  plan(plan: Plan): Promise<Plan> {
    return this.#deciding.plan.promise(plan)
  }

  guard(plan: Plan, context: ApplyContext): Promise<void> {
    return this.#deciding.guard.promise(plan, context)
  }

  async settle(plan: Plan, context: ApplyContext): Promise<Settlement> {
    const verdict = (await this.#deciding.settle.promise(plan, context)) ?? { keep: true }
    if (verdict.keep) await this.#deciding.finish.promise(plan, context)
    return verdict
  }

  /** Who speaks for a commit, or lets it wait, does not end the asking: another may refuse it for good. */
  readonly #note =
    (fn: (...args: unknown[]) => unknown) =>
    async (...args: unknown[]) => {
      const answer = (await fn(...args)) as Refusal | Vouch | undefined
      const said = this.#said.get(args[2] as Asking)!
      if (answer && 'signer' in answer) said.signer = answer.signer
      else if (answer?.waits) said.refusal ??= answer
      else return answer
      return undefined
    }
}

/** For whoever carries the flow out: the calls. Everybody else taps. */
export const HookCalls = token<HookBoard>('HookCalls')

type Tappable = {
  tapPromise(name: string, fn: (...args: any[]) => Promise<any>): void
  taps: { fn: unknown }[]
}

/** Tapable has no untap: an undone tap stays in the list and answers nothing, which every hook takes as no answer. */
function door(
  hook: Tappable,
  plugin: string,
  undo: (undo: Undo) => void,
  wrap: (fn: (...args: unknown[]) => unknown) => (...args: unknown[]) => unknown,
): Hook<any, any> {
  return {
    tap(fn) {
      let live = true
      const wrapped = wrap(fn)
      hook.tapPromise(plugin, async (...args: unknown[]) => (live ? wrapped(...args) : undefined))
      const off = () => {
        live = false
      }
      undo(off)
      return off
    },
  }
}
