import { isDeepStrictEqual } from 'node:util'
import type { Event, Placement } from '@longshore/core/protocol'
import {
  composeBinary,
  startTestKernel,
  testImage,
  type DockerEngine,
  type TestKernel,
  type TestKernelOptions,
} from '@longshore/core/testkit'
import { expect, vi } from 'vitest'
import plugin from '../src/index.js'

const patience = { timeout: 90_000, interval: 100 }

/** One service of kind `image` that lasts. */
export function service(
  name: string,
  { drift = 'heal', ...run }: { drift?: string } & Record<string, unknown> = {},
) {
  return {
    source: { url: `https://git.example/team/${name}.git` },
    run: { kind: 'image', image: testImage, command: ['sleep', '1000'], grace: '1s', ...run },
    policy: { drift },
  }
}

/** A Longshore on an engine. */
export class Site {
  readonly docker: DockerEngine
  readonly kernel: TestKernel

  private constructor(docker: DockerEngine, kernel: TestKernel) {
    this.docker = docker
    this.kernel = kernel
  }

  static async start(docker: DockerEngine, services: object, options: TestKernelOptions = {}): Promise<Site> {
    const engine = { host: docker.host, compose: composeBinary() }
    const config = { services, docker: engine, defaults: { parallel: 20 } }
    return new Site(docker, await startTestKernel({ plugins: [plugin], config, ...options }))
  }

  /** Commits to each service's repository, and waits until all that runs. */
  deploy(...services: string[]): Promise<void> {
    return this.deployFiles(Object.fromEntries(services.map((name) => [name, { a: name }])))
  }

  /** The same, by service with the files of its commit. */
  async deployFiles(services: Record<string, Record<string, string>>): Promise<void> {
    const { git } = this.kernel
    const commits = Object.entries(services).map(([name, files]) => {
      return [name, git.commit(`https://git.example/team/${name}.git`, 'main', files)] as const
    })
    for (const [name, sha] of commits)
      await this.until(`${name} runs`, () => this.placement(name).running?.commit.sha === sha)
  }

  placement(service: string): Placement {
    return this.kernel.flow.placements().find((each) => each.service === service)!
  }

  /** The ids of the service's containers, in every state. */
  async containers(service: string, ...filters: string[]): Promise<string[]> {
    const words = [`label=longshore.service=${service}`, 'label=longshore.host=test', ...filters]
    const lines = await this.docker.docker(
      ...['ps', '--all', '--no-trunc', '--format', '{{.ID}} {{.Label "longshore.deployment"}}'],
      ...words.flatMap((word) => ['--filter', word]),
    )
    // A stranger's may have labels that look like ours.
    return lines.split('\n').flatMap((line) => /^(\w+) [0-9a-z]{16}$/.exec(line)?.[1] ?? [])
  }

  async only(service: string): Promise<string> {
    const [id, ...others] = await this.containers(service)
    expect(others).toEqual([])
    return id!
  }

  async events(service: string, ...kinds: string[]): Promise<Event[]> {
    const { events } = await this.kernel.journal.read({ service, limit: 1000 })
    return events.filter(({ kind }) => kinds.includes(kind)).reverse()
  }

  /** Waits until what was told of the service is this, in order. */
  async told(service: string, kinds: string[], wanted: string[]): Promise<Event[]> {
    let events: Event[] = []
    await vi.waitFor(async () => {
      events = await this.events(service, ...kinds)
      const told = kindsOf(events)
      if (!isDeepStrictEqual(told, wanted)) throw new Error(`${service} told ${told.join(', ') || 'nothing'}`)
    }, patience)
    return events
  }

  /** Waits until it is as it should be again, and nothing that drifted is left; answers what was deployed for that. */
  async healed(service: string, isRight: () => Promise<boolean>): Promise<Event[]> {
    await this.until(`${service} is healed`, async () => {
      const last = (await this.events(service, 'drift.found', 'drift.healed')).at(-1)
      return last?.kind === 'drift.healed' && !this.placement(service).deployment && (await isRight())
    })
    const queued = await this.events(service, 'deployment.queued')
    return queued.slice(1)
  }

  /** The words of the differences that were found last. */
  async found(service: string): Promise<string[]> {
    let words: string[] = []
    await vi.waitFor(async () => {
      const [last] = (await this.events(service, 'drift.found')).slice(-1)
      if (!last) throw new Error(`no drift of ${service} was found`)
      words = (last.data as { differences: { what: string }[] }).differences.map(({ what }) => what)
    }, patience)
    return words
  }

  async until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
    await vi.waitFor(async () => {
      if (!(await holds())) throw new Error(`not so in time: ${what}`)
    }, patience)
  }
}

/** On a busy machine what is removed is seen to have ended first: that is told once here. */
export function kindsOf(events: Event[]): string[] {
  const kinds = events.map(({ kind }) => kind)
  return kinds.filter((kind, at) => kind !== 'drift.found' || kinds[at - 1] !== kind)
}

/** Stops a service's container behind the back of its runtime, and starts it again. */
export function stoppedByHand(docker: DockerEngine) {
  return async (service: string) => {
    const id = await docker.docker('ps', '--quiet', '--filter', `label=longshore.service=${service}`)
    await docker.docker('stop', '--time', '1', id)
    return async () => void (await docker.docker('start', id))
  }
}
