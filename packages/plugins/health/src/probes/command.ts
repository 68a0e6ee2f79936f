import { stat } from 'node:fs/promises'
import {
  describeError,
  type CheckTarget,
  type Command,
  type Config,
  type Exit,
  type Flow,
} from '@longshore/core'
import type { HealthProbe, Runtime, Secrets, Verdict } from '@longshore/core'
import { showHidden } from '@longshore/core/protocol'
import type { CommandCheck } from '../kinds.js'
import { kindOf } from './log.js'
import { isLate, spell } from './network.js'

/** Bytes of the output's end that are kept, lines of it that are told, and characters of those. */
const keptOutput = 4_096
const toldLines = 3
const toldLength = 300

export interface CommandParts {
  flow: Flow
  config: Config
  secrets: Secrets
  runtimes: ReadonlyMap<string, Runtime>
}

type Check = CommandCheck & { timeout: number }
type Target = CheckTarget<Check>

/** Runs a command, on the host in the checkout or in an instance, and judges how it ends. */
export class CommandProbe implements HealthProbe<Check> {
  readonly #parts: CommandParts
  /** Commands that are not gone yet: one that takes its time to end meets no second one. */
  readonly #underWay = new Set<string>()

  constructor(parts: CommandParts) {
    this.#parts = parts
  }

  async check(target: Target, signal: AbortSignal): Promise<Verdict> {
    const { service, name, check } = target
    const key = `${service}/${name}`
    if (this.#underWay.has(key)) return unknown('the command of the last look has not ended yet')
    const { host, deployment } = target
    const kind = kindOf(this.#parts.flow.placement(service, host), deployment)
    const runtime = this.#parts.runtimes.get(check.in === 'checkout' ? 'command' : kind)
    if (!runtime?.run || !runtime.supports.runs?.includes(check.in))
      return unknown(
        `no command can be run ${check.in === 'checkout' ? 'in a checkout' : `in services of kind ${kind}`}`,
      )
    const there = await stat(target.directory ?? '').catch(() => undefined)
    if (!there?.isDirectory()) return unknown('its checkout is not kept any more')
    this.#underWay.add(key)
    try {
      return await this.#run(runtime, target, signal)
    } finally {
      this.#underWay.delete(key)
    }
  }

  async #run(runtime: Runtime, target: Target, signal: AbortSignal): Promise<Verdict> {
    const { secrets } = this.#parts
    const { check } = target
    let output = Buffer.alloc(0)
    const write = (stream: string, bytes: Uint8Array | string) => {
      if (stream !== 'note')
        output = Buffer.concat([output, Buffer.from(bytes as Uint8Array)]).subarray(-keptOutput)
      return Promise.resolve()
    }
    const context = {
      signal,
      output: { write },
      secret: (reference: { secret: string }) => secrets.open(reference, signal),
      aside: <T>(work: () => Promise<T>) => work(),
    }
    try {
      const exit = await runtime.run!(this.#command(target), context)
      if (exit.exitCode === check.expect.exitCode)
        return { state: 'healthy', say: `it ended ${ending(exit)}` }
      return { state: 'unhealthy', reason: `it ended ${ending(exit)}${lastLines(output)}` }
    } catch (error) {
      if (isLate(signal)) {
        const reason = `it did not end within ${spell(check.timeout)}${lastLines(output)}`
        return { state: 'unhealthy', reason }
      }
      if (signal.aborted) throw error
      return unknown(describeError(error).reason.slice(0, 500))
    }
  }

  #command({ service, host, deployment, commit, directory, check }: Target): Command {
    const env = {
      LONGSHORE_SERVICE: service,
      LONGSHORE_COMMIT: commit.sha,
      LONGSHORE_DEPLOYMENT: deployment,
      LONGSHORE_HOST: host,
    }
    const { run } = this.#parts.config.current().services[service]!
    const { argv, timeout } = check
    const place = { kind: check.in, ...(check.service !== undefined && { service: check.service }) }
    return { service, host, deployment, commit, run, directory: directory!, env, timeout, argv, in: place }
  }
}

function unknown(reason: string): Verdict {
  return { state: 'unknown', reason }
}

function ending({ exitCode, signal }: Exit): string {
  return signal !== null ? `by ${signal}` : `with exit code ${exitCode ?? 'that nobody saw'}`
}

function lastLines(output: Buffer): string {
  const lines = output
    .toString()
    .split('\n')
    .filter((line) => line.trim() !== '')
  const told = lines.slice(-toldLines).join(' / ').slice(-toldLength)
  return told === '' ? '' : `: ${showHidden(told)}`
}
