import { createHash } from 'node:crypto'

const comma = Buffer.from(',')

/** JSON that is made already, as bytes, and a print of it: the same for the same JSON. */
export class MadeJson {
  readonly bytes: Buffer
  readonly print: string

  private constructor(bytes: Buffer, print: string) {
    this.bytes = bytes
    this.print = print
  }

  static of(value: unknown): MadeJson {
    const bytes = Buffer.from(JSON.stringify(value))
    return new MadeJson(bytes, printOf(bytes))
  }

  /** A page of such items: what they are made of is not looked at again. */
  static page(items: readonly MadeJson[], next: string | null): MadeJson {
    const end = `],"next":${JSON.stringify(next)}}`
    const parts = items.flatMap(({ bytes }, index) => (index === 0 ? [bytes] : [comma, bytes]))
    const bytes = Buffer.concat([Buffer.from('{"items":['), ...parts, Buffer.from(end)])
    return new MadeJson(bytes, printOf(items.map(({ print }) => print).join(' ') + end))
  }
}

/** 27 characters that stand for a text. */
function printOf(text: string | Buffer): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 27)
}
