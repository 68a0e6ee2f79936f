import { parseArgs as parseStrictly, stripVTControlCharacters, type ParseArgsConfig } from 'node:util'
import { parseArgs, renderUsage, type ArgsDef, type ParsedArgs } from 'citty'
import type { Client } from '@longshore/client'
import { createNodeClient } from '@longshore/client/node'
import { parsePoint } from '@longshore/core/protocol'
import { targetOf } from './api/target.js'
import type { Surroundings } from './config/load.js'
import { UsageError } from './errors.js'
import type { Terminal } from './terminal.js'

/** A command as its file states it. `run` answers the exit code, 0 when nothing. */
export interface Command<A extends ArgsDef = ArgsDef> {
  about: string
  args: A
  /** Lines that can be typed, with what each does. */
  examples: [line: string, what: string][]
  run(args: ParsedArgs<A>, terminal: Terminal): Promise<number | void>
}

/** Types `run` by the arguments that are declared; to the rest all commands are alike. */
export function command<const A extends ArgsDef>(definition: Command<A>): Command {
  return definition as unknown as Command
}

/** `--config`: for every command that reads the config or looks for the data folder by it. */
export const configArg = {
  config: { type: 'string', description: 'The config, or the folder that it lies in', valueHint: 'PATH' },
} as const

/** What every command that asks a running Longshore takes. */
export const clientArgs = {
  ...configArg,
  json: { type: 'boolean', description: 'JSON instead of lines for people' },
} as const

export const serviceArg = {
  service: { type: 'positional', description: 'The name of the service', required: true },
} as const

export const commitArg = {
  commit: {
    type: 'positional',
    description: 'A commit: its id, or how one that `longshore commits` lists begins',
    required: true,
  },
} as const

/** The same where leaving it out means something. */
export const optionalCommitArg = { commit: { ...commitArg.commit, required: false } } as const

/** What every command that can show an earlier state takes. */
export const atArg = {
  at: {
    type: 'string',
    description: 'As it was then: 1h (an hour ago), a time like 2026-05-01T12:00:00Z, or the seq of an event',
    valueHint: 'TIME',
  },
} as const

/** The point that `--at` names, as the API takes it. */
export function pointOf(at: string | undefined): string | undefined {
  if (at === undefined || parsePoint(at, Date.now())) return at
  throw new UsageError('COMMAND_USAGE', `--at ${at} is no time`, {
    hint: 'Write 30m, 2h, 7d, 2026-05-01T12:00:00Z or the seq of an event.',
  })
}

export function surroundings({ env, folder }: Terminal, config: string | undefined): Surroundings {
  return { env, folder, config }
}

/** The API of the Longshore that the command means. */
export async function openApi(terminal: Terminal, config: string | undefined): Promise<Client> {
  return createNodeClient(await targetOf(surroundings(terminal, config)))
}

/** The arguments by their names. Unlike the parser alone, it refuses what nobody declared. */
export function parseFor(name: string, { args }: Command, raw: string[]): ParsedArgs {
  const flags = Object.entries(args).filter(([, { type }]) => type !== 'positional')
  const options = Object.fromEntries(
    flags.map(([flag, arg]) => {
      const short = 'alias' in arg && typeof arg.alias === 'string' ? { short: arg.alias } : {}
      return [flag, { type: arg.type === 'boolean' ? 'boolean' : 'string', ...short }]
    }),
  ) as NonNullable<ParseArgsConfig['options']>
  try {
    const { positionals } = parseStrictly({ args: raw, options, allowPositionals: true })
    const wanted = Object.keys(args).length - flags.length
    if (positionals.length > wanted) throw new Error(`Unexpected argument '${positionals[wanted]}'`)
    return parseArgs(raw, args)
  } catch (error) {
    const [message] = stripVTControlCharacters((error as Error).message).split('. To specify')
    throw new UsageError('COMMAND_USAGE', message!, { hint: `See longshore ${name} --help` })
  }
}

export async function usage(name: string, { about, args, examples }: Command): Promise<string> {
  const text = await renderUsage({ meta: { name: `longshore ${name}`, description: about }, args })
  // Its first line repeats what is said here, and it colours for terminals only it believes in.
  const body = stripVTControlCharacters(text).split('\n').slice(2).join('\n').trimEnd()
  const width = Math.max(...examples.map(([line]) => line.length))
  const lines = examples.map(([line, what]) => `  ${line.padEnd(width)}  ${what}`)
  return [about, '', body, '', 'EXAMPLES', '', ...lines].join('\n')
}
