import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  stringify,
  type Document,
  type Node,
  type YAMLParseError,
} from 'yaml'
import { tooDeep, type ParsedText } from './document.js'

/** Reads YAML: every syntax error and every key that is there twice at once. */
export function parseYaml(text: string): ParsedText {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true })
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return { line, column: col }
  }
  // Where the text is deeper than the stack, each level that is left behind tells so.
  const deep = document.errors.findLast(({ code }) => code === 'RESOURCE_EXHAUSTION')
  const faults = (deep ? [deep] : document.errors).map((error) => ({
    ...at(error.pos[0]),
    message: say(error, text),
  }))
  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 })
    const readable = document.errors.every(({ code }) => code === 'DUPLICATE_KEY')
    return { value, faults, readable, place: (path) => place(document, path, at) }
  } catch (error) {
    // An alias that leads nowhere, or aliases that multiply without end.
    return {
      value: undefined,
      faults: faults.length > 0 ? faults : [{ ...at(0), message: (error as Error).message }],
    }
  }
}

function say({ code, message, pos: [offset] }: YAMLParseError, text: string): string {
  if (code === 'RESOURCE_EXHAUSTION') return tooDeep
  return code === 'DUPLICATE_KEY' ? `${wordAt(text, offset)} is there twice; give each its own name` : message
}

/** A config as people would write it. */
export function printYaml(value: unknown): string {
  return stringify(value)
}

/** What is wrong with a text that is no JSON: what YAML would let pass is refused where the JSON ends. */
export function explainJson(text: string): ParsedText {
  const parsed = parseYaml(text)
  if (!parsed.readable) return parsed
  try {
    JSON.parse(text)
    return parsed
  } catch (error) {
    const { message } = error as Error
    const before = text.slice(0, Number(/position (\d+)/.exec(message)?.[1] ?? 0)).split('\n')
    const where = { line: before.length, column: before.at(-1)!.length + 1 }
    return { ...parsed, readable: false, faults: [{ ...where, message: `this is no JSON: ${message}` }] }
  }
}

type At = (offset: number) => { line: number; column: number }

function place(document: Document.Parsed, path: readonly PropertyKey[], at: At): ReturnType<At> | undefined {
  let node: unknown = document.contents
  let offset = (node as Node | null)?.range?.[0]
  for (const step of path) {
    const inner = within(isAlias(node) ? node.resolve(document) : node, step)
    if (!inner) return undefined
    node = inner.value
    offset = inner.offset
  }
  return offset === undefined ? undefined : at(offset)
}

/**
 * The value at one step, and where its key or, in a list, the item itself begins. Of a key that is there twice the last
 * one counts.
 */
function within(
  node: unknown,
  step: PropertyKey,
): { value: unknown; offset: number | undefined } | undefined {
  if (isSeq(node)) {
    const value = node.items[Number(step)] as Node | undefined
    return value && { value, offset: value.range?.[0] }
  }
  const pair = isMap(node)
    ? node.items.findLast(({ key }) => isScalar(key) && String(key.value) === String(step))
    : undefined
  return pair && { value: pair.value, offset: (pair.key as Node).range?.[0] }
}

function wordAt(text: string, offset: number): string {
  return /^["']?[^\s"':,}\]]+/.exec(text.slice(offset))?.[0].replace(/^["']/, '') ?? 'a key'
}
