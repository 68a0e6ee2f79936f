import { randomBytes } from 'node:crypto'
import { Commands } from '@longshore/core'
import type { ApplyContext, Command, Exit } from '@longshore/core'
import { z } from 'zod'
import { environment, resolveCommand } from './command.js'
import { CommandRun, type Command as Words } from './config.js'
import { roomless } from './errors.js'
import { failedGrace, type Tools } from './instance.js'
import { Members } from './members.js'
import { closeEnds, makePipes, openEnds, PipeReader, sparePipes } from './pipes.js'
import { see, start } from './start.js'

/** What is read of the `run` section, of whatever kind the service is. */
const Given = z.object({ env: CommandRun.shape.env, grace: CommandRun.shape.grace.catch(failedGrace) })

/** Where commands run. */
export const runs = ['checkout'] as const

/**
 * Commands beside what runs, each to its end. One is kept together like a job's `up`, but has no record: what a killed
 * Longshore left of it is a stray, and ended by the next one.
 */
export class OneOffs {
  readonly #tools: Tools
  readonly commands = new Commands(runs)

  constructor(tools: Tools) {
    this.#tools = tools
  }

  /** Resolves when it, and all that it began, is gone. Errors: those of `Commands` and of the command. */
  async run(command: Command, context: ApplyContext): Promise<Exit> {
    const carryOut = (signal: AbortSignal, began: () => void) => {
      began()
      return this.#carryOut(command, { ...context, signal })
    }
    return this.commands.run(command, context.signal, carryOut).catch((error: unknown) => {
      throw roomless(error)
    })
  }

  async #carryOut(command: Command, { signal, output, secret }: ApplyContext): Promise<Exit> {
    const { records, cgroups, clock } = this.#tools
    const { directory, service } = command
    const { env: given, grace } = Given.parse(command.run)
    const name = `one-off-${randomBytes(8).toString('hex')}`
    const home = records.homeOfOneOff(name)
    const mark = records.mark({ service, deployment: name })
    const resolved = await resolveCommand(command.argv as Words, directory)
    const env = await environment({ env: command.env, run: { env: given } }, mark, secret)
    signal.throwIfAborted()
    await makePipes(home)
    // Whoever else works in the folder is no part of it.
    const members = new Members(
      { mark, home, deployment: name, directory, shared: () => true },
      cgroups,
      clock,
    )
    const ends = openEnds(home)
    try {
      members.reader = new PipeReader(home, (stream, chunk) => output.write(stream, chunk))
      const starting = start(resolved, { env, cwd: directory, ends, members })
      const started = await starting.finally(() => closeEnds(ends))
      const exit = await see(started, undefined, signal, clock)
      await members.reader.drained()
      return exit!
    } finally {
      await members.end(Math.min(grace, failedGrace))
      members.reader?.close()
      sparePipes(home)
    }
  }
}
