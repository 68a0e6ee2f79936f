import { styleText } from 'node:util'
import { LongshoreError } from '@longshore/core'

type Style = Parameters<typeof styleText>[0]

/** Where a command reads and writes: lines for people, or JSON for programs. */
export interface Terminal {
  env: NodeJS.ProcessEnv
  /** The folder that relative paths start from. */
  folder: string
  /** Whether somebody watches, and can be asked. */
  interactive: boolean
  print(line: string): void
  /** To standard error: what is no part of the answer. */
  note(line: string): void
  paint(style: Style, text: string): string
}

export function processTerminal(): Terminal {
  const { env, stdout, stderr, stdin } = process
  const colours = stdout.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
  return {
    env,
    folder: process.cwd(),
    interactive: stdin.isTTY && stdout.isTTY,
    print: (line) => void stdout.write(`${line}\n`),
    note: (line) => void stderr.write(`${line}\n`),
    paint: (style, text) => (colours ? styleText(style, text) : text),
  }
}

/** One value as JSON: on a line of its own, so that streams of them can be read line by line. */
export function printJson(terminal: Terminal, value: unknown): void {
  terminal.print(JSON.stringify(value))
}

export function printError({ note, paint }: Terminal, error: unknown): void {
  const { message } = error as Error
  if (!(error instanceof LongshoreError)) return note(`longshore: ${message} (INTERNAL)`)
  note(`${paint('red', 'longshore:')} ${message} (${error.code})`)
  if (error.hint) note(`  ${error.hint}`)
}

/** Rows in columns, the last one as long as it is; cells that are missing are empty. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows)
    row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, visible(cell))))
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === row.length - 1 ? cell : cell + ' '.repeat(widths[column]! - visible(cell)),
      )
      .join('  '),
  )
}

// eslint-disable-next-line no-control-regex -- colours are control characters
const colour = /\x1b\[[\d;]*m/g
const visible = (text: string) => text.replace(colour, '').length

/**
 * Other people's text, fit for a terminal: colours stay where they are wanted, everything else that would steer the
 * terminal or turn text around is shown instead of obeyed.
 */
export function plain(text: string, { colours = false } = {}): string {
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  const steering = /\x1b\[[\d;]*m|[\x00-\x08\x0a-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g
  return text.replace(steering, (found) => {
    if (found.length > 1) return colours ? found : ''
    if (found === '\n') return ' '
    return found === '\r' ? '' : `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** The first line of a message, cut to a length. */
export function subject(message: string, length = 60): string {
  const line = plain(message.split('\n', 1)[0] ?? '')
  return line.length > length ? `${line.slice(0, length - 1)}…` : line
}

const spans: [name: string, milliseconds: number][] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
]

/** How long ago, in its largest unit: `3m ago`. */
export function ago(time: string, now = Date.now()): string {
  const passed = Math.max(0, now - Date.parse(time))
  const [name, unit] = spans.find(([, each]) => passed >= each) ?? ['s', 1_000]
  return `${Math.floor(passed / unit)}${name} ago`
}
