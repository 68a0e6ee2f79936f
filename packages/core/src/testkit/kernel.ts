import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Gate } from '../contracts/gate.js'
import { GitProvider } from '../contracts/git-provider.js'
import { Runtime } from '../contracts/runtime.js'
import { Storage } from '../contracts/storage.js'
import { SecretStore } from '../contracts/secret-store.js'
import { Flow } from '../flow/flow.js'
import { Journal } from '../journal/journal.js'
import { deadline } from '../waiting/deadline.js'
import type { Clock } from '../kernel/clock.js'
import type { Kernel } from '../kernel/kernel.js'
import { createLogger, type Logger } from '../kernel/logger.js'
import { definePlugin, type Plugin } from '../kernel/plugin.js'
import type { Event } from '../protocol/index.js'
import type { OneToken } from '../kernel/token.js'
import { createLongshore } from '../longshore.js'
import { FakeGate } from './fakes/gate.js'
import { FakeGit } from './fakes/git-provider.js'
import { FakeRun, FakeRuntime } from './fakes/runtime.js'
import { FakeSecretStore } from './fakes/secret-store.js'
import { memoryDisk, MemoryStorage, type MemoryDisk } from './fakes/storage.js'

export interface TestKernelOptions {
  /** The plugins under test. Contracts that none of them provides are met by fakes. */
  plugins?: readonly Plugin[]
  /** The config without `version`; by default one service `hello` of kind `fake`. */
  config?: Record<string, unknown>
  clock?: Clock
  /** What runs and what git knows of an earlier kernel. */
  git?: FakeGit
  runtime?: FakeRuntime
  /** Silent unless given. */
  logger?: Logger
  /** Whether the fake gate has an administrator; it has, unless told otherwise. */
  isGuarding?: boolean
  /** What an earlier kernel's storage left behind. */
  disk?: MemoryDisk
  /** Events between two snapshots of the state. */
  snapshotEvery?: number
  /** Kept when given; otherwise a folder of its own that `stop` removes. */
  data?: string
}

/** What outlives a kernel: what git knows, what runs on the host, what the storage left behind. */
export type TestWorld = Required<Pick<TestKernelOptions, 'git' | 'runtime' | 'disk'>>

export function newWorld(): TestWorld {
  return { git: new FakeGit(), runtime: new FakeRuntime(), disk: memoryDisk() }
}

/** A running kernel with the fakes that its contracts are met by. */
export interface TestKernel {
  kernel: Kernel
  flow: Flow
  journal: Journal
  git: FakeGit
  runtime: FakeRuntime
  storage: MemoryStorage
  secrets: FakeSecretStore
  gate: FakeGate
  data: string
  /** The first event, from the beginning of the journal on, that fits; rejects after 10 s. */
  seen(fits: (event: Event) => boolean): Promise<Event>
  stop(): Promise<void>
}

const hello = { hello: { source: { url: 'https://git.example/team/hello.git' }, run: { kind: 'fake' } } }

/** Starts a kernel with the plugins under test, and with fakes for every contract that they leave open. */
export async function startTestKernel(options: TestKernelOptions = {}): Promise<TestKernel> {
  const { plugins = [], config = { services: hello } } = options
  // The kernel makes it when it starts: one that is refused before leaves nothing behind.
  const data = options.data ?? join(tmpdir(), `longshore-test-${randomUUID().slice(0, 8)}`)
  const fakes = {
    git: options.git ?? new FakeGit(),
    runtime: options.runtime ?? new FakeRuntime(),
    storage: new MemoryStorage(options.disk),
    secrets: new FakeSecretStore(),
    gate: new FakeGate(),
  }
  fakes.gate.isGuarding = options.isGuarding ?? true
  const kernel = createLongshore({
    plugins: [...stand(plugins, fakes), ...plugins],
    config: { file: 'test', value: { version: 1, host: 'test', ...config } },
    data,
    version: '0.0.0-test',
    logger: options.logger ?? createLogger({ level: 'error', to: { write: () => undefined } }),
    clock: options.clock,
    snapshotEvery: options.snapshotEvery,
  })
  const leave = async () => {
    fakes.storage.close()
    if (!options.data) await rm(data, { recursive: true, force: true })
  }
  try {
    await kernel.start()
  } catch (error) {
    await leave()
    throw error
  }
  const journal = kernel.get(Journal)
  return {
    kernel,
    flow: kernel.get(Flow),
    journal,
    ...fakes,
    data,
    seen: (fits) => firstSeen(journal, fits),
    async stop() {
      await kernel.stop()
      await leave()
    },
  }
}

/** One stand-in plugin per contract that the plugins under test do not provide. */
function stand(
  plugins: readonly Plugin[],
  fakes: Pick<TestKernel, 'git' | 'runtime' | 'storage' | 'secrets' | 'gate'>,
): Plugin[] {
  const provided = new Set(
    plugins.flatMap((plugin) => (plugin.provides ?? []).map(({ name }: { name: string }) => name)),
  )
  const open = [
    definePlugin({
      name: 'fake-runtime',
      provides: [Runtime],
      runs: { fake: FakeRun },
      setup: ({ provide }) => provide(Runtime, 'fake', fakes.runtime),
    }),
    definePlugin({
      name: 'fake-secrets',
      provides: [SecretStore],
      setup: ({ provide }) => provide(SecretStore, 'fake', fakes.secrets),
    }),
  ]
  const ones = [
    standIn('git', GitProvider, fakes.git),
    standIn('storage', Storage, fakes.storage),
    standIn('gate', Gate, fakes.gate),
  ]
  return [...open, ...ones.filter(({ provides = [] }) => !provided.has(provides[0]!.name))]
}

function standIn<T>(name: string, token: OneToken<T>, fake: T): Plugin {
  return definePlugin({
    name: `fake-${name}`,
    provides: [token],
    setup: ({ provide }) => provide(token, fake),
  })
}

async function firstSeen(journal: Journal, fits: (event: Event) => boolean): Promise<Event> {
  const signal = deadline(10_000)
  for await (const events of journal.follow(0, signal)) {
    const found = events.find(fits)
    if (found) return found
  }
  const { events } = await journal.read({ limit: 20 })
  throw new Error(`no such event came; the last ones: ${events.map(({ kind }) => kind).join(', ')}`)
}
