import { styleText } from 'node:util'
import { ClientError } from '@longshore/client'
import { describeError, LongshoreError } from '@longshore/core'
import { hidden, showHidden, type Commit } from '@longshore/core/protocol'

type Style = Parameters<typeof styleText>[0]

/** Where a command reads and writes: lines for people, or JSON for programs. Whatever is in them, they steer no terminal. */
export interface Terminal {
  env: NodeJS.ProcessEnv
  /** The folder that relative paths start from. */
  folder: string
  /** Whether somebody watches, and can be asked. */
  interactive: boolean
  print(text: string): void
  /** To standard error: what is no part of the answer. */
  note(text: string): void
  paint(style: Style, text: string): string
}

export function processTerminal(): Terminal {
  const { env, stdout, stderr, stdin } = process
  const colours = stdout.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
  const lines = (text: string) =>
    `${text
      .split('\n')
      .map((line) => harmless(line, colours))
      .join('\n')}\n`
  return {
    env,
    folder: process.cwd(),
    interactive: stdin.isTTY && stdout.isTTY,
    print: (text) => void stdout.write(lines(text)),
    note: (text) => void stderr.write(lines(text)),
    paint: (style, text) => (colours ? styleText(style, text) : text),
  }
}

/** One value as JSON: on a line of its own, so that streams of them can be read line by line. */
export function printJson(terminal: Terminal, value: unknown): void {
  terminal.print(showHidden(JSON.stringify(value)))
}

export function printError({ note, paint }: Terminal, error: unknown): void {
  const ours = error instanceof LongshoreError || error instanceof ClientError
  const { code, reason } =
    error instanceof ClientError ? { code: error.code, reason: error.message } : describeError(error)
  note(`${paint('red', 'longshore:')} ${reason.split('\n').map(plain).join('\n')} (${code})`)
  if (ours && error.hint) note(`  ${plain(error.hint)}`)
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

/** Other people's text as a part of a line: without colours, and with everything shown that would be obeyed, or not seen. */
export function plain(text: string): string {
  return harmless(text.replaceAll('\n', ' '), false)
}

/**
 * A line that a terminal shows and does not obey: colours stay where they are wanted and end with the line, everything
 * else that would steer, turn text around or not be seen is shown instead.
 */
export function harmless(line: string, colours: boolean): string {
  let painted = false
  const text = line.replace(steering, (found, codes: string | undefined) => {
    if (codes === undefined) return found === '\r' ? '' : showHidden(found)
    const paint = colours ? painting(codes) : ''
    painted ||= paint !== ''
    return paint
  })
  return painted ? `${text}\x1b[0m` : text
}

/** An SGR sequence (ECMA-48, 8.3.117), or a character that is shown. */
const steering = new RegExp(`\\x1b\\[([\\d;]*)m|${hidden.source}`, 'gu')
/** A colour of the palette or of three parts is one code, whatever its numbers mean alone. */
const sgrCode = /0*[34]8;0*(?:5;\d*|2;\d*;\d*;\d*)|\d+/g
const paints = /;|^0*(?:[0-479]|2[1-57-9]|[34][0-79]|(?:9|10)[0-7])$/

/** What paints of an SGR sequence: what conceals, blinks or takes another font is left out. */
function painting(codes: string): string {
  const given = codes.match(sgrCode) ?? ['0']
  const kept = given.filter((code) => paints.test(code))
  return kept.length === 0 ? '' : `\x1b[${kept.join(';')}m`
}

/** A commit on a line: how its id begins, what its message says first, and whose it is. */
export function commitLine({ sha, message, author }: Pick<Commit, 'sha' | 'message' | 'author'>): string {
  return `${sha.slice(0, 7)} ${subject(message)} (${plain(author)})`
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
