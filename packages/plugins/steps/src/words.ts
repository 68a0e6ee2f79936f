import type { ApplyContext, Output } from '@longshore/core'

/** Characters of a line that an error repeats. */
const longest = 500

/** Watches what a step prints, for its last line; the values of secrets that it was given are no part of that. */
export class LastWords {
  readonly context: ApplyContext
  readonly #secrets = new Set<string>()
  #line = ''
  #open = ''

  constructor(context: ApplyContext) {
    const write: Output['write'] = (stream, bytes) => {
      if (stream !== 'note') this.#take(Buffer.from(bytes as Uint8Array).toString('utf8'))
      return context.output.write(stream, bytes)
    }
    const secret: ApplyContext['secret'] = async (reference) => {
      const opened = await context.secret(reference)
      for (const line of opened.open().split('\n')) if (line.trim().length > 3) this.#secrets.add(line.trim())
      return opened
    }
    this.context = { ...context, output: { write }, secret }
  }

  /** Empty when it printed nothing. */
  get last(): string {
    let line = (this.#open.trim() || this.#line).replace(/[^\P{Cc}]+/gu, ' ')
    for (const secret of this.#secrets) line = line.replaceAll(secret, '[secret]')
    return line.slice(0, longest)
  }

  #take(text: string): void {
    // More than is repeated, so that a secret is not cut before it is found.
    const lines = `${this.#open}${text}`.slice(-64 * 1024).split('\n')
    this.#open = lines.pop() ?? ''
    this.#line = lines.findLast((line) => line.trim())?.trim() ?? this.#line
  }
}
