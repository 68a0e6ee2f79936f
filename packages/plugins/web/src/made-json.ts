import { createHash } from 'node:crypto'

/** JSON that is made already, and a print of it: the same for the same text. */
export class MadeJson {
  readonly text: string
  readonly print: string

  constructor(text: string, print = printOf(text)) {
    this.text = text
    this.print = print
  }

  /** A page of such items. */
  static page(items: readonly MadeJson[], next: string | null): MadeJson {
    const end = JSON.stringify(next)
    const text = `{"items":[${items.map((item) => item.text).join(',')}],"next":${end}}`
    return new MadeJson(text, printOf(items.map(({ print }) => print).join(' ') + end))
  }
}

/** 27 characters that stand for a text. */
function printOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 27)
}
