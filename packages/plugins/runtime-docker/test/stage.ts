import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import {
  createLogger,
  Secret,
  systemClock,
  type ApplyContext,
  type Command,
  type Plan,
} from '@longshore/core'
import type { Made } from '@longshore/core/protocol'
import { DockerEngine, testImage } from '@longshore/core/testkit'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { kindsOf } from '../src/adapter.js'
import { Engine } from '../src/client.js'
import { Records } from '../src/compose/records.js'
import { DockerConfig, DockerfileRun, ImageRun } from '../src/config.js'
import { AppliedServices } from '../src/engine/applied.js'
import { findEndpoint } from '../src/engine/endpoint.js'
import { DockerRuntime } from '../src/runtime.js'

const never: AbortSignal = new AbortController().signal

/** An `image` section as its schema answers it: something that lasts, unless it is told otherwise. */
export function image(run: Record<string, unknown> = {}) {
  const section = { image: testImage, command: ['sleep', '1000'], grace: '1s', ...run }
  return { kind: 'image', ...ImageRun.parse(section) }
}

export function dockerfile(run: Record<string, unknown> = {}) {
  return { kind: 'dockerfile', ...DockerfileRun.parse({ grace: '1s', ...run }) }
}

/** A runtime on a real engine, and what a test asks of it. */
export class Stage {
  readonly docker: DockerEngine
  readonly secrets: Record<string, string> = {}
  readonly folder: string
  runtime: DockerRuntime
  /** What the deployments printed. */
  output = ''
  readonly #config: DockerConfig

  private constructor(docker: DockerEngine, folder: string, config: object) {
    this.docker = docker
    this.folder = folder
    this.#config = DockerConfig.parse(config)
    this.runtime = this.#open()
  }

  static async on(docker: DockerEngine, config: object = {}): Promise<Stage> {
    return new Stage(docker, await mkdtemp(join(tmpdir(), 'longshore-stage-')), config)
  }

  /** Longshore was killed: the next one finds what this one left. */
  reopen(): void {
    this.runtime = this.#open()
  }

  async plan(number: number, run: unknown, more: Partial<Plan> = {}): Promise<Plan> {
    const sha = String(number).repeat(40).slice(0, 40)
    const deployment = deploymentOf(number)
    const env = { LONGSHORE_SERVICE: 'hello', LONGSHORE_DEPLOYMENT: deployment }
    const commit = { sha, author: 'Ines', time: '2026-01-01T00:00:00.000Z', message: 'a change', parents: [] }
    const directory = this.folder
    return {
      service: 'hello',
      host: 'box',
      deployment,
      commit,
      run,
      directory,
      env,
      timeout: 60_000,
      ...more,
    }
  }

  async apply(
    number: number,
    run: unknown,
    { signal = never, ...more }: Partial<Plan> & { signal?: AbortSignal } = {},
  ): Promise<Made> {
    const plan = (await this.plan(number, run, more)) as Plan<{ kind: string }>
    const made = await this.runtime.apply(plan, this.#context(signal))
    return made!
  }

  /** Runs a command beside it; answers its exit code. */
  async run(
    number: number,
    run: unknown,
    argv: string[],
    { signal = never, ...more }: Partial<Command> & { signal?: AbortSignal } = {},
  ): Promise<number | null> {
    const plan = (await this.plan(number, run)) as Plan<{ kind: string }>
    const command = { in: { kind: 'container' as const }, ...plan, argv, ...(more as object) }
    return (await this.runtime.run(command, this.#context(signal))).exitCode
  }

  /** What a deployment would do, a line each: `replace hello: …`. */
  async preview(number: number, run: unknown, more: Partial<Plan> = {}): Promise<string[]> {
    const plan = (await this.plan(number, run, more)) as Plan<{ kind: string }>
    const { changes } = await this.runtime.preview(plan, this.#context(never))
    return changes.map(({ what, instance, say }) => `${what} ${instance}: ${say}`)
  }

  #context(signal: AbortSignal): ApplyContext {
    return {
      signal,
      output: { write: async (_stream, text) => void (this.output += text.toString()) },
      secret: async ({ secret }) => new Secret(this.secrets[secret]!),
      aside: (work) => work(),
    }
  }

  async end(service = 'hello'): Promise<void> {
    const output = { write: async () => undefined }
    await this.runtime.end(
      { service, host: 'box' },
      { signal: never, output, secret: () => Promise.reject(new Error('none')), aside: (work) => work() },
    )
  }

  /** The numbers of the deployments that `find` tells of. */
  async up(): Promise<number[]> {
    return (await this.runtime.find()).map(({ deployment }) => Number(deployment.slice(10))).sort()
  }

  /** One fact of the only container of the service that runs. */
  async fact(format: string, service = 'hello'): Promise<string> {
    const id = await this.docker.docker('ps', '-q', '--filter', `label=longshore.service=${service}`)
    return this.docker.docker('inspect', '--format', format, id)
  }

  /** Files of the commit. */
  async write(files: Record<string, string>): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(this.folder, path)), { recursive: true })
      await writeFile(join(this.folder, path), text)
    }
  }

  /** Removes every container and image, also those of strangers, but the test image. */
  async close(): Promise<void> {
    const all = async (...words: string[]) => (await this.docker.docker(...words)).split('\n').filter(Boolean)
    const left = await all('ps', '--all', '--quiet')
    if (left.length > 0) await this.docker.docker('rm', '--force', ...left)
    const [kept] = await all('images', '--quiet', testImage)
    const images = (await all('images', '--quiet')).filter((id) => id !== kept)
    if (images.length > 0) await this.docker.docker('rmi', '--force', ...new Set(images))
    await rm(this.folder, { recursive: true, force: true })
  }

  #open(): DockerRuntime {
    const log = createLogger({ level: 'error' })
    const tools = {
      engine: new Engine(() => findEndpoint(this.docker.host, {})),
      clock: systemClock,
      log,
      host: 'box',
      config: this.#config,
      data: join(this.folder, 'data'),
      records: new Records(join(this.folder, 'data'), systemClock),
      applied: new AppliedServices(join(this.folder, 'data'), log),
    }
    return new DockerRuntime(tools, kindsOf(tools))
  }
}

/** An engine for a test file, and a stage on it for each of its tests. */
export function onStage(config: (docker: DockerEngine) => object = () => ({})) {
  const on = {} as { docker: DockerEngine; stage: Stage }
  beforeAll(async () => void (on.docker = await DockerEngine.start()))
  beforeEach(async () => void (on.stage = await Stage.on(on.docker, config(on.docker))))
  afterEach(() => on.stage.close())
  afterAll(() => on.docker.close())
  return on
}

/** All containers, with their states. */
export async function names(docker: DockerEngine): Promise<string[]> {
  const all = await docker.docker('ps', '--all', '--format', '{{.Names}} {{.State}}')
  return all.split('\n').filter(Boolean).sort()
}

/** The name of the container of a deployment of `hello`. */
export function nameOf(number: number): string {
  return `longshore-hello-${deploymentOf(number)}`
}

export function deploymentOf(number: number): string {
  return `deployment${String(number).padStart(6, '0')}`
}
