import { z } from 'zod'
import type {
  ApplyContext,
  FoundInstance,
  PlacementRef,
  Plan,
  Runtime,
  RuntimeChange,
} from '../../contracts/runtime.js'
import { RefusedError, UnavailableError } from '../../kernel/errors.js'

/** The run section of kind `fake`. */
export const FakeRun = z.strictObject({
  /** `fail` rejects, `hang` waits for its signal. */
  behave: z.enum(['run', 'fail', 'hang']).default('run'),
  print: z.string().default(''),
})
export type FakeRun = z.infer<typeof FakeRun>

type Told = { change: RuntimeChange; next: Promise<Told> }

/** Services that run in memory only, one instance each. */
export class FakeRuntime implements Runtime<FakeRun> {
  readonly supports = { keepsOld: true }
  /** Every apply fails, as when something that all services need is away. */
  broken = false
  readonly #running = new Map<string, FoundInstance>()
  #tell!: (told: Told) => void
  #next = new Promise<Told>((resolve) => (this.#tell = resolve))

  async apply(plan: Plan<FakeRun>, { signal, output }: ApplyContext): Promise<void> {
    signal.throwIfAborted()
    const { service, host, deployment, run } = plan
    const old = this.#running.get(service)
    if (old?.deployment === deployment) return
    if (run.print) await output.write('stdout', `${run.print}\n`)
    if (run.behave === 'hang')
      await new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
      )
    if (this.broken) throw new UnavailableError('FAKE_BROKEN', 'told to be broken')
    if (run.behave === 'fail') throw new RefusedError('FAKE_FAILED', 'told to fail')
    if (old) this.#exit(old)
    const instance = { service, host, deployment, instance: `fake-${deployment}` }
    this.#running.set(service, instance)
    this.#say({ kind: 'started', ...instance })
  }

  async end({ service }: PlacementRef): Promise<void> {
    const old = this.#running.get(service)
    if (old) this.#exit(old)
  }

  async find(): Promise<FoundInstance[]> {
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
    for (let next = this.#next; ;) {
      const told = await Promise.race([next, ended])
      if (!told || signal.aborted) return
      next = told.next
      yield told.change
    }
  }

  /** What runs for a service now. */
  running(service: string): FoundInstance | undefined {
    return this.#running.get(service)
  }

  #exit({ service, ...rest }: FoundInstance): void {
    this.#running.delete(service)
    this.#say({ kind: 'exited', service, ...rest, exitCode: 0, signal: null })
  }

  #say(change: RuntimeChange): void {
    const tell = this.#tell
    this.#next = new Promise((resolve) => (this.#tell = resolve))
    tell({ change, next: this.#next })
  }
}
