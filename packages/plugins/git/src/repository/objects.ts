import { commitMissing } from '../errors.js'

/** What `git cat-file --batch` says of an object before its bytes. */
export interface ObjectHead {
  sha: string
  type: 'commit' | 'tree' | 'blob' | 'tag'
  size: number
}

/** Bytes of a commit that are read: what people need to know of it stands before. */
export const longestCommit = 2 ** 20

/** Where questions go, and where their answers come from. */
export interface Answers {
  /** Absent where nobody asks any more: the answers are there. */
  stdin?: NodeJS.WritableStream
  stdout: NodeJS.ReadableStream
}

/** Git closed its output in the middle of an answer; why is told by how it ended. */
class OutputEnded extends Error {
  readonly code = 'GIT_OUTPUT_ENDED'
}

/** Reads the answers of one `git cat-file --batch`, in the order of the questions. */
export class ObjectReader {
  readonly #chunks: AsyncIterator<Buffer>
  readonly #stdin: NodeJS.WritableStream | undefined
  #rest: Buffer = Buffer.alloc(0)

  constructor({ stdin, stdout }: Answers) {
    this.#stdin = stdin
    this.#chunks = (stdout as AsyncIterable<Buffer>)[Symbol.asyncIterator]()
  }

  ask(sha: string): void {
    this.#stdin?.write(`${sha}\n`)
  }

  /** The next answer; undefined when there is no such object. Its bytes are to be read before the next. */
  async head(): Promise<ObjectHead | undefined> {
    const [sha = '', type = '', size] = (await this.#line()).split(' ')
    if (type === 'missing') return undefined
    return { sha, type: type as ObjectHead['type'], size: Number(size) }
  }

  /** The bytes of the object that `head` told of; of one that is longer than `most`, only its beginning. */
  async bytes(size: number, most = size): Promise<Buffer> {
    const parts: Buffer[] = []
    let left = most
    for await (const part of this.chunks(size)) {
      if (left > 0) parts.push(part.subarray(0, left))
      left -= part.length
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  }

  /** The same, piece by piece. */
  async *chunks(size: number): AsyncGenerator<Buffer, void> {
    for (let left = size; left > 0;) {
      if (this.#rest.length === 0) await this.#more()
      const part = this.#rest.subarray(0, left)
      this.#rest = this.#rest.subarray(part.length)
      left -= part.length
      yield part
    }
    // Git ends every object with a line feed that is not part of it.
    if (this.#rest.length === 0) await this.#more()
    this.#rest = this.#rest.subarray(1)
  }

  async #line(): Promise<string> {
    let end: number
    while ((end = this.#rest.indexOf(10)) < 0) {
      if (this.#rest.length > 1000) throw new OutputEnded('git answered with no line')
      await this.#more()
    }
    const line = this.#rest.toString('latin1', 0, end)
    this.#rest = this.#rest.subarray(end + 1)
    return line
  }

  async #more(): Promise<void> {
    const next = await this.#chunks.next()
    if (next.done) throw new OutputEnded('git closed its output')
    this.#rest = this.#rest.length > 0 ? Buffer.concat([this.#rest, next.value]) : next.value
  }
}

/** Asks for many, no faster than git takes the questions; the output must be read meanwhile. */
export async function askAll(stdin: NodeJS.WritableStream, shas: Iterable<string>): Promise<void> {
  const write = (text: string) =>
    new Promise<void>((resolve, reject) => {
      stdin.write(text, (error) => (error ? reject(error) : resolve()))
    })
  let batch = ''
  for (const sha of shas) {
    batch += `${sha}\n`
    if (batch.length < 60_000) continue
    await write(batch)
    batch = ''
  }
  await write(batch)
  stdin.end()
}

/** The bytes of one commit, which must be there. */
export async function readCommitBytes(reader: ObjectReader, sha: string): Promise<Buffer> {
  reader.ask(sha)
  const head = await reader.head()
  if (head?.type !== 'commit') throw commitMissing(head ? `${sha} is a ${head.type}` : sha)
  return reader.bytes(head.size, longestCommit)
}
