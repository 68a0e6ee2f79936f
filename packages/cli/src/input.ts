import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { UsageError } from './errors.js'

/** The first line of the input: what stands in arguments can be read by the other accounts of a machine. */
export async function firstLine(what: string): Promise<string> {
  const lines: AsyncIterator<string, undefined> = createInterface({ input: process.stdin })[
    Symbol.asyncIterator
  ]()
  const line = await lines.next()
  if (!line.done) return line.value
  throw new UsageError('COMMAND_USAGE', 'there is no input', { hint: `Give ${what} as its first line.` })
}

/** Asks on the terminal; what is typed is not shown where it is a secret. */
export async function askFor(question: string, { secret }: { secret: boolean }): Promise<string> {
  const { stdin: input, stderr } = process
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input, output: secret ? nowhere : stderr, terminal: true })
  if (secret) stderr.write(question)
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.once('close', () => reject(new UsageError('COMMAND_USAGE', 'nothing was answered')))
      lines.question(secret ? '' : question, resolve)
    })
  } finally {
    if (secret) stderr.write('\n')
    lines.close()
  }
}
