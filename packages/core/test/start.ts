import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, onTestFinished } from 'vitest'
import type { Actor, Placement } from '../src/protocol/index.js'
import {
  newWorld,
  settled,
  startTestKernel,
  type TestKernel,
  type TestKernelOptions,
} from '../src/testkit/index.js'

export { happened as of, settled } from '../src/testkit/index.js'

export const url = 'https://git.example/team/hello.git'
export const ines: Actor = { kind: 'local', name: 'ines' }

const running: TestKernel[] = []

/** A kernel that the test need not stop. */
export async function start(options?: TestKernelOptions): Promise<TestKernel> {
  const kernel = await startTestKernel(options)
  running.push(kernel)
  return kernel
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((kernel) => kernel.stop()))
})

/** One service of kind `fake`, or several by their run sections. */
export function services(runs: Record<string, object>, source: object = {}): Record<string, unknown> {
  const entries = Object.entries(runs).map(([name, run]) => [
    name,
    { source: { url: `https://git.example/team/${name}.git`, ...source }, run: { kind: 'fake', ...run } },
  ])
  return { services: Object.fromEntries(entries) }
}

/** What outlives a Longshore: its disk, its data folder, the git server, and what runs on the host. */
export async function world() {
  const data = await mkdtemp(join(tmpdir(), 'longshore-world-'))
  onTestFinished(() => rm(data, { recursive: true, force: true }))
  return { data, ...newWorld() }
}

/** The placement of the one service, or of another. */
export function placementOf({ flow }: TestKernel, service = 'hello'): Placement {
  return flow.placement(service, 'test')!
}

/** Commits follow each other on main, and each one is kept before the next. */
export async function kept(kernel: TestKernel, ...messages: string[]): Promise<string[]> {
  const shas: string[] = []
  for (const message of messages) {
    const sha = kernel.git.commit(url, 'main', { a: message }, { message })
    await kernel.seen(settled(sha, 'kept'))
    shas.push(sha)
  }
  return shas
}
