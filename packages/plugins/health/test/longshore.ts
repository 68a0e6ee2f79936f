import { stat } from 'node:fs/promises'
import { setTimeout as rest } from 'node:timers/promises'
import { definePlugin, HealthProbe, type Plugin, type Verdict } from '@longshore/core'
import { isKind, type Event } from '@longshore/core/protocol'
import {
  FakeProbe,
  HandClock,
  startTestKernel,
  type TestKernel,
  type TestKernelOptions,
} from '@longshore/core/testkit'
import { afterEach } from 'vitest'
import { z } from 'zod'
import health from '../src/index.js'

/** Of libuv, that do what is asked of the disk. */
const threads = 4

export const url = 'https://git.example/team/hello.git'
export const well: Verdict = { state: 'healthy', say: 'as scripted' }
export const ill: Verdict = { state: 'unhealthy', reason: 'it answers 503' }
export const blind: Verdict = { state: 'unknown', reason: 'nobody could look' }

export interface Scripted extends TestKernel {
  clock: HandClock
  script: FakeProbe
  /** Commits, and answers its sha. */
  commit(): string
  /** How the commit's last deployment settles, in hand time that passes until then. */
  settles(
    sha: string,
  ): Promise<{ outcome: string; code?: string; reason?: string; after: number; event: Event }>
  /** Events of these kinds, oldest first. */
  events(...kinds: string[]): Promise<Event[]>
}

const running: TestKernel[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((kernel) => kernel.stop()))
})

type Options = Omit<TestKernelOptions, 'config'> & {
  clock?: HandClock
  script?: FakeProbe
  section?: object
  checks?: object[]
  policy?: object
  run?: object
}

/** A kernel with one service `hello`, on a clock of its own. */
export async function start(options: Options = {}): Promise<Scripted> {
  const {
    clock = new HandClock(),
    script = new FakeProbe(),
    section,
    checks = [],
    policy,
    run,
    ...rest
  } = options
  const scripted = definePlugin({
    name: 'health-script',
    provides: [HealthProbe],
    checks: { script: z.strictObject({}) },
    setup: ({ provide }) => provide(HealthProbe, 'script', script),
  })
  const kernel = await startTestKernel({
    ...rest,
    clock,
    plugins: [health as Plugin, scripted as Plugin, ...(options.plugins ?? [])],
    config: {
      ...(section && { health: section }),
      services: { hello: { source: { url }, run: { kind: 'fake', ...run }, checks, policy } },
    },
  })
  running.push(kernel)
  let commits = 0
  return {
    ...kernel,
    clock,
    script,
    commit: () => kernel.git.commit(url, 'main', { a: String(commits++) }),
    settles: (sha) => settles(kernel, clock, sha),
    events: async (...kinds) =>
      (await kernel.journal.read({ limit: 1_000 })).events
        .filter(({ kind }) => kinds.includes(kind))
        .reverse(),
  }
}

async function settles({ journal }: TestKernel, clock: HandClock, sha: string) {
  for (const until = performance.now() + 20_000; performance.now() < until; await live(clock, 50)) {
    const events = (await journal.read({ limit: 1_000 })).events.filter(({ commit }) => commit === sha)
    const [event, entered] = [
      events.find((each) => isKind(each, 'deployment.settled')),
      events.find(isVerifying),
    ]
    if (!event) continue
    const { outcome, code, reason } = event.data as { outcome: string; code?: string; reason?: string }
    return {
      outcome,
      code,
      reason,
      after: Date.parse(event.time) - Date.parse(entered?.time ?? event.time),
      event,
    }
  }
  throw new Error('the deployment does not settle')
}

export function isVerifying({ data }: Event): boolean {
  return (data as { phase?: string }).phase === 'verifying'
}

/** Lets hand time pass in steps, in each of which what waits for the disk has a turn: it queues for the same threads. */
export async function live(clock: HandClock, milliseconds: number): Promise<void> {
  for (let passed = 0; passed < milliseconds; passed += 50) {
    await clock.live(50)
    await Promise.all(Array.from({ length: threads }, () => stat('.')))
    await rest(1)
  }
}
