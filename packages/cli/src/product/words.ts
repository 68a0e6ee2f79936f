import { UsageError } from '../errors.js'

/** A word as a POSIX shell reads it where it has nothing to expand: no comment and no home, quoted in parts or not at all. */
const word = /[ \t]*(?![#~])((?:'[^']*'|"(?:[^"\\$`]|\\[^])*"|\\[^\n]|[^ \t\n'"\\|&;<>()$`*?[])+)[ \t]*/y
const quoted = /'([^']*)'|"((?:[^"\\]|\\[^])*)"|\\([^])/g

/** The words of a command line; throws where only a shell could tell them. */
export function wordsOf(line: string): string[] {
  const words: string[] = []
  for (let at = 0; at < line.length; at = word.lastIndex) {
    word.lastIndex = at
    const [, raw] = word.exec(line) ?? []
    const isVariable = words.length === 0 && /^\w+=/.test(raw ?? '')
    if (raw === undefined || isVariable) throw unclear(line, line.slice(at).trim())
    words.push(
      raw.replace(quoted, (_, single?: string, double?: string, other?: string) => {
        return single ?? double?.replace(/\\([\\"$`])|\\\n/g, '$1') ?? other!
      }),
    )
  }
  if (words.length === 0) throw unclear(line, '')
  return words
}

function unclear(line: string, rest: string): UsageError {
  const why =
    rest === ''
      ? 'it has no word'
      : isOpen(rest)
        ? 'a quote is left open'
        : `only a shell can tell what ${rest} is`
  return new UsageError('UP_UNCLEAR', `the command ${JSON.stringify(line)} is not clear: ${why}`, {
    hint: `No shell reads it, unless you name one: --up "sh -c '…'", or in the config up: ${JSON.stringify(['sh', '-c', line])}`,
  })
}

function isOpen(rest: string): boolean {
  return /^'[^']*$|^"(?:[^"\\]|\\[^])*\\?$|^\\$/.test(rest)
}
