import { UnreachableError } from './errors.js'

/** Bytes of an answer that is read as a whole. */
const longestAnswer = 64 * 2 ** 20
/** Characters of one line of a stream. */
const longestLine = 16 * 2 ** 20

/** The lines of a streamed answer, each as soon as it is whole. */
export function linesIn(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  return partsIn(stream, /\r?\n/)
}

/** What stands between such ends, and what follows the last one. */
export async function* partsIn(stream: AsyncIterable<Uint8Array>, end: RegExp): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split(end)
    rest = parts.pop()!
    if (rest.length > longestLine) throw tooLong()
    yield* parts
  }
  rest += decoder.decode()
  if (rest !== '') yield rest
}

/** The whole of an answer. */
export async function textIn(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder()
  const parts: string[] = []
  let size = 0
  for await (const chunk of stream) {
    size += chunk.length
    if (size > longestAnswer) throw tooLong()
    parts.push(decoder.decode(chunk, { stream: true }))
  }
  return parts.join('') + decoder.decode()
}

function tooLong(): UnreachableError {
  return new UnreachableError('ANSWER_TOO_LONG', `the answer is longer than ${longestAnswer} bytes`, {
    hint: 'Ask for less, page by page.',
  })
}
