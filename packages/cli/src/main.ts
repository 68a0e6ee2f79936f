import { nearest } from '@longshore/core'
import { parseFor, usage } from './command.js'
import { commands } from './commands.js'
import { exitCodeOf, UsageError } from './errors.js'
import { version } from './product/version.js'
import { printError, processTerminal, table, type Terminal } from './terminal.js'

/** Runs one command line and answers its exit code. */
export async function main(argv: string[], terminal: Terminal): Promise<number> {
  try {
    return await dispatch(argv, terminal)
  } catch (error) {
    printError(terminal, error)
    return exitCodeOf(error)
  }
}

async function dispatch(argv: string[], terminal: Terminal): Promise<number> {
  const index = commandIndex(argv)
  const name = argv[index]
  const rest = argv.filter((_, at) => at !== index)
  const end = rest.indexOf('--')
  const help = rest.slice(0, end < 0 ? undefined : end).some((word) => word === '--help' || word === '-h')
  if (name === undefined) {
    if (rest.includes('--version') || rest.includes('-v')) terminal.print(version)
    else if (help) terminal.print(overview())
    else terminal.note(overview())
    return help || rest.includes('--version') || rest.includes('-v') ? 0 : 2
  }
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!entry) {
    const guess = nearest(name, Object.keys(commands))
    throw new UsageError('COMMAND_USAGE', `there is no command ${name}`, {
      hint: guess ? `Did you mean longshore ${guess}?` : 'longshore --help lists them.',
    })
  }
  const command = await entry.load()
  if (help) {
    terminal.print(await usage(name, command))
    return 0
  }
  return (await command.run(parseFor(name, command, rest), terminal)) ?? 0
}

/** The command's place: the first word that is no flag and not the value of `--config`, which may stand before it. */
function commandIndex(argv: string[]): number {
  return argv.findIndex((word, at) => !word.startsWith('-') && argv[at - 1] !== '--config')
}

function overview(): string {
  const lines = table(Object.entries(commands).map(([name, { about }]) => [`  ${name}`, about]))
  return [
    'Longshore: push to git; it runs, it is watched, and when you stop it, it stays stopped.',
    '',
    'longshore COMMAND [--config PATH] [--json]',
    '',
    ...lines,
    '',
    'longshore COMMAND --help says more, with examples.',
    'Exit codes: 0 ok, 1 failed, 2 usage, 3 refused, 4 unreachable.',
  ].join('\n')
}

/** The command of this process. Whoever reads the output may stop reading. */
export async function runProcess(): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  process.exitCode = await main(process.argv.slice(2), processTerminal())
  // Whatever was left open must not keep the process.
  setTimeout(() => process.exit(), 2_000).unref()
}
