import { z } from 'zod'
import type {
  ApplyContext,
  Command,
  Exit,
  FoundInstance,
  PlacementRef,
  Plan,
  Runtime,
  RuntimeChange,
} from '../../contracts/runtime.js'
import { AwayError, RefusedError, UnavailableError } from '../../kernel/errors.js'
import type { Difference, Made, Preview } from '../../protocol/index.js'
import { Commands } from '../../waiting/command.js'

/** The run section of kind `fake`. */
export const FakeRun = z.strictObject({
  /** `fail` rejects, `hang` waits for its signal. */
  behave: z.enum(['run', 'fail', 'hang']).default('run'),
  print: z.string().default(''),
})
export type FakeRun = z.infer<typeof FakeRun>

const everywhere = ['checkout', 'instance', 'container'] as const

type Told = { change: RuntimeChange; next: Promise<Told> }

/** Services that run in memory only, one instance each. */
export class FakeRuntime implements Runtime<FakeRun> {
  readonly supports: Runtime['supports'] = { keepsOld: true, runs: everywhere }
  /** Every apply fails, as when something that all services need is away. */
  broken = false
  /** The plans that were applied, in order. */
  readonly applied: Plan<FakeRun>[] = []
  /** The commands that were run, in order. */
  readonly commands: Command<FakeRun>[] = []
  readonly underWay = new Commands(everywhere)
  #away: string | undefined
  #gate: Promise<void> | undefined
  readonly #running = new Map<string, FoundInstance>()
  readonly #drifted = new Map<string, RuntimeChange>()
  #say!: (told: Told) => void
  #next = new Promise<Told>((resolve) => (this.#say = resolve))

  async apply(plan: Plan<FakeRun>, { signal, output }: ApplyContext): Promise<Made> {
    signal.throwIfAborted()
    this.#reach()
    this.applied.push(plan)
    const made = plan.made ?? { images: { app: `sha256:${plan.deployment}` }, env: Object.keys(plan.env) }
    const { service, host, deployment, run } = plan
    const old = this.#running.get(service)
    if (old?.deployment === deployment) return made
    if (run.print) await output.write('stdout', `${run.print}\n`)
    if (run.behave === 'hang') await untilAborted(signal)
    await this.#gate
    if (this.broken) throw new UnavailableError('FAKE_BROKEN', 'told to be broken')
    if (run.behave === 'fail') throw new RefusedError('FAKE_FAILED', 'told to fail')
    if (old) this.#exit(old)
    const instance = { service, host, deployment, instance: `fake-${deployment}` }
    this.#running.set(service, instance)
    this.tell({ kind: 'started', ...instance })
    this.#right({ service, host })
    return made
  }

  async end({ service, host }: PlacementRef): Promise<void> {
    this.#reach()
    await this.underWay.end(service)
    const old = this.#running.get(service)
    if (old) this.#exit(old)
    this.#right({ service, host })
  }

  async find(): Promise<FoundInstance[]> {
    this.#reach()
    return [...this.#running.values()]
  }

  async uses({ service }: PlacementRef): Promise<string[]> {
    const running = this.#running.get(service)
    return running ? [running.deployment] : []
  }

  async *watch(signal: AbortSignal): AsyncGenerator<RuntimeChange, void> {
    const ended = new Promise<undefined>((resolve) =>
      signal.addEventListener('abort', () => resolve(undefined), { once: true }),
    )
    let next = this.#next
    if (this.#away !== undefined) yield this.#awayNow(this.#away)
    yield* this.#drifted.values()
    for (;;) {
      const told = await Promise.race([next, ended])
      if (!told || signal.aborted) return
      next = told.next
      yield told.change
    }
  }

  /** `['3', 'a', 'b']` prints the lines a and b, and ends with exit code 3; `['hang', 'a']` prints and waits for its signal. */
  run(command: Command<FakeRun>, { signal, output }: ApplyContext): Promise<Exit> {
    return this.underWay.run(command, signal, async (ends, began) => {
      began()
      const [how, ...lines] = command.argv
      this.commands.push(command)
      await output.write('stdout', lines.map((line) => `${line}\n`).join(''))
      if (how === 'hang') await untilAborted(ends)
      return { exitCode: Number(how), signal: null }
    })
  }

  async preview({ service, run }: Plan<FakeRun>): Promise<Preview> {
    if (run.behave === 'fail') throw new RefusedError('FAKE_FAILED', 'told to fail')
    const what = this.#running.has(service) ? 'replace' : 'create'
    return { changes: [{ what, instance: service, say: `it would be told to ${run.behave}` }] }
  }

  /** What runs for a service now. */
  running(service: string): FoundInstance | undefined {
    return this.#running.get(service)
  }

  /** Each apply waits from now on, until the answer is called. */
  hold(): () => void {
    let release!: () => void
    this.#gate = new Promise<void>((resolve) => (release = resolve))
    return release
  }

  /** Somebody changes what runs, or (no differences) puts it right, behind the runtime's back. */
  drift(service: string, differences: Difference[]): void {
    const host = this.#running.get(service)?.host ?? ''
    const change: RuntimeChange = { kind: 'drifted', service, host, differences }
    if (differences.length > 0) this.#drifted.set(service, change)
    else this.#drifted.delete(service)
    this.tell(change)
  }

  /** What runs for the service is gone, without anybody's wish. */
  lose(service: string, reason: string): void {
    const old = this.#running.get(service)
    if (!old) return
    this.#running.delete(service)
    if (this.#away === undefined) this.tell({ kind: 'lost', ...old, reason })
  }

  /** The engine goes: nothing is answered until it is back. */
  leave(reason: string): void {
    this.#away = reason
    this.tell(this.#awayNow(reason))
  }

  comeBack(): void {
    this.#away = undefined
    this.tell({ kind: 'back', engine: 'fake' })
  }

  #reach(): void {
    if (this.#away !== undefined) throw new AwayError('FAKE_AWAY', this.#away)
  }

  #awayNow(reason: string): RuntimeChange {
    return { kind: 'away', engine: 'fake', code: 'FAKE_AWAY', reason }
  }

  /** What drifted is right again by what this did. */
  #right({ service, host }: PlacementRef): void {
    if (this.#drifted.delete(service)) this.tell({ kind: 'drifted', service, host, differences: [] })
  }

  #exit({ service, ...rest }: FoundInstance): void {
    this.#running.delete(service)
    this.tell({ kind: 'exited', service, ...rest, exitCode: 0, signal: null })
  }

  /** Says it to whoever watches. */
  tell(change: RuntimeChange): void {
    const say = this.#say
    this.#next = new Promise((resolve) => (this.#say = resolve))
    say({ change, next: this.#next })
  }
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error)
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}
