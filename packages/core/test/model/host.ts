import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { definePlugin, UnavailableError, type ApplyContext, type Plan } from '../../src/index.js'
import {
  FakeGit,
  FakeRuntime,
  memoryDisk,
  startTestKernel,
  type FakeRun,
  type MemoryDisk,
  type TestKernel,
} from '../../src/testkit/index.js'
import { AutoClock } from './auto-clock.js'

export const url = 'https://git.example/team/hello.git'

/** Milliseconds that the window is open, and then closed. */
const window = 600_000

/** What runs on the host, whatever becomes of the Longshore that started it; it notes what must never be. */
export class Machine extends FakeRuntime {
  /** What may not start now: told by people, and acknowledged. */
  barred = new Set<string>()
  held = false
  readonly wrong: string[] = []

  override async apply(plan: Plan<FakeRun>, context: ApplyContext) {
    const { sha } = plan.commit
    const [barred, held] = [this.barred.has(sha), this.held]
    const made = await super.apply(plan, context)
    if (barred) this.wrong.push(`${sha.slice(0, 7)} started although it is barred`)
    if (held) this.wrong.push(`${sha.slice(0, 7)} started although the service is held`)
    return made
  }
}

/** One Longshore's wire to the machine: once cut, nothing of it gets through any more. */
function wire(machine: Machine) {
  let cut = false
  const runtime = new Proxy(machine, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        if (cut) throw new UnavailableError('CUT', 'this Longshore is dead')
        return (value as (...all: unknown[]) => unknown).apply(target, args)
      }
    },
  })
  return { runtime, cut: () => (cut = true) }
}

/** A host with one service: the machine, the repository, and the Longshore of the moment. */
export class Host {
  readonly clock = new AutoClock()
  readonly git = new FakeGit()
  readonly machine = new Machine()
  readonly #data = join(tmpdir(), `longshore-model-${randomUUID().slice(0, 8)}`)
  #disk: MemoryDisk = memoryDisk()
  #wire = wire(this.machine)
  kernel!: TestKernel

  get disk(): MemoryDisk {
    return this.#disk
  }

  async start(): Promise<void> {
    const { git, clock } = this
    const judge = definePlugin({
      name: 'judge',
      setup({ hooks }) {
        hooks.settle.tap(({ commit }) =>
          commit.message === 'ill' ? { keep: false, code: 'ILL', reason: 'it is ill' } : undefined,
        )
        hooks.admit.tap((_commit, _placement, { trigger, override }) => {
          const into = clock.now() % (2 * window)
          if (into < window || trigger === 'rollback' || override) return undefined
          const until = new Date(clock.now() - into + 2 * window).toISOString()
          return { code: 'CLOSED', reason: 'the window is closed', waits: true, until }
        })
      },
    })
    this.#wire = wire(this.machine)
    const around = { git, clock, runtime: this.#wire.runtime, disk: this.#disk, data: this.#data }
    this.kernel = await startTestKernel({ ...around, plugins: [judge] })
  }

  /** It ends in good order. */
  async stop(): Promise<void> {
    await this.kernel.stop()
  }

  /** It is gone from one moment to the next, whatever it was at. */
  async crash(): Promise<void> {
    this.#wire.cut()
    const { events, documents, last } = this.#disk
    this.#disk = structuredClone({ events, documents, last, opened: false })
    await this.kernel.stop()
    await this.start()
  }

  async close(): Promise<void> {
    await this.kernel.stop()
    await rm(this.#data, { recursive: true, force: true })
  }
}
