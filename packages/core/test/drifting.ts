import { expect, vi } from 'vitest'
import { stateOf, type DriftPolicy, type Event } from '../src/protocol/index.js'
import { HandClock, type TestKernel, type TestKernelOptions } from '../src/testkit/index.js'
import { settled, start, url } from './start.js'

export const differences = [
  { what: 'died', instance: 'web', say: 'web does not run: it ended with exit code 1' },
]
export const others = [{ what: 'config', instance: 'web', say: "web's memory is 1 MiB, and was 2 MiB" }]

export function config(drift: DriftPolicy) {
  const hello = { source: { url }, run: { kind: 'fake' }, policy: { drift } }
  return { services: { hello } }
}

/** A kernel that runs one commit, on a clock of its own unless another one is given. */
export async function runs(policy: DriftPolicy = 'heal', options: TestKernelOptions = {}) {
  const clock = new HandClock()
  const kernel = await start({ config: config(policy), clock, ...options })
  const sha = kernel.git.commit(url, 'main', { a: '1' })
  const { deployment } = await kernel.seen(settled(sha, 'kept'))
  // A runtime has a moment to judge what was just deployed.
  clock.go(10_000)
  return { ...kernel, clock, sha, first: deployment! }
}

export const placement = ({ flow }: Pick<TestKernel, 'flow'>) => flow.placements()[0]!
export const state = (kernel: Pick<TestKernel, 'flow'>) => stateOf(placement(kernel))
export const all = async ({ journal }: Pick<TestKernel, 'journal'>, ...kinds: string[]) =>
  (await journal.read({ limit: 1000 })).events.filter(({ kind }) => kinds.includes(kind)).reverse()
export const after = (seq: number, fits: (event: Event) => boolean) => (event: Event) =>
  event.seq > seq && fits(event)

/** Everything that was told so far has been worked off: a change that was told last is recorded. */
export async function workedOff({ runtime, seen, flow }: TestKernel): Promise<void> {
  const marker = `marker-${Math.random()}`
  runtime.tell({
    kind: 'lost',
    service: 'nobody',
    host: 'test',
    deployment: '0'.repeat(16),
    instance: marker,
    reason: '',
  })
  await seen(({ data }) => (data as { instance?: string }).instance === marker)
  await vi.waitFor(() => expect(flow.placements()[0]!.deployment).toBeUndefined(), 10_000)
}
