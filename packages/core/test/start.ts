import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, onTestFinished } from 'vitest'
import type { Actor, Event } from '../src/protocol/index.js'
import {
  FakeGit,
  FakeRuntime,
  memoryDisk,
  startTestKernel,
  type TestKernel,
  type TestKernelOptions,
} from '../src/testkit/index.js'

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

/** A deployment of the commit settled with this outcome. */
export function settled(sha: string, outcome: string): (event: Event) => boolean {
  return ({ kind, commit, data }) =>
    kind === 'deployment.settled' && commit === sha && (data as { outcome: string }).outcome === outcome
}

/** Something of this kind happened, to this commit if one is given. */
export function of(kind: string, sha?: string): (event: Event) => boolean {
  return (event) => event.kind === kind && (sha === undefined || event.commit === sha)
}

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
  return { data, disk: memoryDisk(), git: new FakeGit(), runtime: new FakeRuntime() }
}
