import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createLogger, Secret, systemClock } from '@longshore/core'
import type { ApplyContext, Plan, InstanceChange } from '@longshore/core'
import { expect } from 'vitest'
import { Cgroups } from '../src/cgroup.js'
import { Changes } from '../src/changes.js'
import { CommandRun } from '../src/config.js'
import { Records } from '../src/records.js'
import { CommandRuntime } from '../src/runtime.js'
import { CommandStats } from '../src/stats.js'
import { CommandTelemetry } from '../src/telemetry.js'

export const secretValue = 'correct-horse-battery-staple'

/** A runtime on a data folder of its own, a service's folder, and eyes that do not use the runtime's. */
export class Bench {
  readonly data: string
  readonly directory: string
  runtime!: CommandRuntime
  telemetry!: CommandTelemetry
  changes!: Changes
  records!: Records
  readonly told: InstanceChange[] = []
  /** What deployments and `down` printed. */
  printed = ''
  logged = ''
  /** Where cgroups are made; absent: where the product makes them. */
  places: string[] | undefined
  #watch = new AbortController()

  private constructor(root: string) {
    this.data = join(root, 'data')
    this.directory = join(root, 'tree')
  }

  /** With `prepare` the data folder is made ready first, such as by a mount. */
  static async make(prepare: (data: string) => void = () => {}, places?: string[]): Promise<Bench> {
    const bench = new Bench(await mkdtemp(join(tmpdir(), 'longshore-command-')))
    bench.places = places
    await mkdir(bench.directory)
    await mkdir(bench.data)
    prepare(bench.data)
    await bench.open()
    return bench
  }

  /** A runtime as a start of Longshore makes it. The one before is as good as killed: for it time stands still. */
  async open(): Promise<CommandRuntime> {
    this.#watch.abort()
    const watch = (this.#watch = new AbortController())
    const sleep = (milliseconds: number, signal?: AbortSignal) =>
      systemClock
        .sleep(milliseconds, signal)
        .then(() => (watch.signal.aborted ? new Promise<void>(() => {}) : undefined))
    const log = createLogger({ level: 'debug', to: { write: (line: string) => void (this.logged += line) } })
    const secrets = { open: async () => new Secret(secretValue) }
    this.changes = new Changes(log)
    this.records = new Records(this.data)
    this.runtime = new CommandRuntime({
      clock: { ...systemClock, sleep },
      log,
      secrets,
      records: this.records,
      changes: this.changes,
      cgroups: new Cgroups(this.places),
    })
    this.telemetry = new CommandTelemetry(
      this.records,
      this.changes,
      new CommandStats(this.runtime, systemClock),
    )
    void this.#listen(watch.signal)
    await this.runtime.recover()
    return this.runtime
  }

  async #listen(signal: AbortSignal): Promise<void> {
    for await (const change of this.runtime.watch(signal)) this.told.push(change)
  }

  async close(): Promise<void> {
    await this.runtime.close()
    this.#watch.abort()
    for (const pid of this.pids()) process.kill(pid, 'SIGKILL')
    // Of those who were killed, or are as good as that.
    const left = new Cgroups(this.places)
    left.open(this.records.id)
    for (const cgroup of left.all())
      await until(`${cgroup.path} is gone`, () => (cgroup.kill(), cgroup.remove()))
    left.close()
    await rm(dirname(this.data), { recursive: true, force: true })
  }

  async script(name: string, body: string, mode = 0o755): Promise<string> {
    const file = join(this.directory, name)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, `#!/bin/sh\n${body}\n`, { mode })
    return `./${name}`
  }

  plan(number: number, run: object, { service = 'hello', timeout = 60_000 } = {}): Plan<CommandRun> {
    const sha = String(number).repeat(40).slice(0, 40)
    const deployment = `deployment${String(number).padStart(6, '0')}`
    return {
      service,
      host: 'box',
      deployment,
      commit: { sha, author: 'Ines', time: '2026-01-01T00:00:00.000Z', message: 'a change', parents: [] },
      run: CommandRun.parse(run),
      directory: this.directory,
      env: { LONGSHORE_SERVICE: service, LONGSHORE_COMMIT: sha, LONGSHORE_DEPLOYMENT: deployment },
      timeout,
    }
  }

  context(signal: AbortSignal = AbortSignal.timeout(60_000)): ApplyContext {
    return {
      signal,
      output: {
        write: async (_, bytes) => void (this.printed += Buffer.from(bytes as Uint8Array).toString()),
      },
      secret: async () => new Secret(secretValue),
      aside: (work) => work(),
    }
  }

  apply(
    number: number,
    run: object,
    options: { service?: string; timeout?: number; signal?: AbortSignal } = {},
  ) {
    return this.runtime.apply(this.plan(number, run, options), this.context(options.signal))
  }

  uses(service = 'hello'): Promise<string[]> {
    return this.runtime.uses({ service, host: 'box' })
  }

  end(service = 'hello'): Promise<void> {
    return this.runtime.end({ service, host: 'box' }, this.context())
  }

  /** Every live process whose environment names the service, or whose words do; found without the runtime. */
  pids(text = 'LONGSHORE_SERVICE=hello'): number[] {
    return this.#alive((environ) => environ.includes(text))
  }

  /** The same, without those of commands beside what runs. Each is asked once: commands come and go meanwhile. */
  instances(service: string): number[] {
    const own = `LONGSHORE_SERVICE=${service}`
    return this.#alive((environ) => environ.includes(own) && !environ.includes('/one-off-'))
  }

  #alive(fits: (environ: string) => boolean): number[] {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => Number.isInteger(pid) && pid !== process.pid && this.#holds(pid, fits))
  }

  #holds(pid: number, fits: (environ: string) => boolean): boolean {
    try {
      const state = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]
      const environ = readFileSync(`/proc/${pid}/environ`, 'utf8')
      return (
        !state?.startsWith('Z') &&
        fits(environ) &&
        environ.includes('LONGSHORE_INSTANCE=') &&
        this.#ours(environ)
      )
    } catch {
      return false
    }
  }

  /** Other tests run beside this one: the mark tells whose a process is. */
  #ours(environ: string): boolean {
    const id = readFileSync(join(this.data, 'runtime-command', 'id'), 'utf8').trim()
    return environ.includes(`LONGSHORE_INSTANCE=${id}/`)
  }

  async lines(): Promise<string[]> {
    const lines: string[] = []
    for await (const frame of this.telemetry.logs(
      { service: 'hello', host: 'box' },
      AbortSignal.timeout(60_000),
    )) {
      lines.push(...frame.lines.map(({ bytes }) => Buffer.from(bytes).toString()))
    }
    return lines
  }
}

/** Polls until the condition holds; rejects after so many milliseconds. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, patience = 30_000) {
  const deadline = performance.now() + patience
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`it did not come about: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** The argv of every process of the machine, as `ps` shows it; with other columns before it when they are given. */
export function commandLines(columns = 'args'): string {
  return execFileSync('ps', ['-eo', columns], { encoding: 'utf8' })
}

/** An error with this code, and with a hint. */
export function code(wanted: string): object {
  return expect.objectContaining({ code: wanted, hint: expect.any(String) as string }) as object
}
