import { parse, type DocumentNode, type MemberNode, type ValueNode } from '@humanwhocodes/momoa'
import type { ParsedText } from './document.js'

/** Reads JSON: every key that is there twice at once; undefined when it is no JSON, or too deep to be walked through. */
export function parseJson(text: string): ParsedText | undefined {
  let value: unknown
  let document: DocumentNode
  try {
    value = JSON.parse(text)
    document = parse(text, { mode: 'json' })
  } catch {
    return undefined
  }
  const faults = [...doubles(document.body)].map(({ name }) => ({
    ...beginOf(name),
    message: `${nameOf(name)} is there twice; give each its own name`,
  }))
  return { value, faults, readable: true, place: (path) => place(document.body, path) }
}

function* doubles(node: ValueNode): Generator<MemberNode> {
  if (node.type === 'Array') for (const { value } of node.elements) yield* doubles(value)
  if (node.type !== 'Object') return
  const names = new Set<string>()
  for (const member of node.members) {
    const name = nameOf(member.name)
    if (names.has(name)) yield member
    names.add(name)
    yield* doubles(member.value)
  }
}

/** Where the key at the end of the path begins, or in a list the item; of a key that is there twice the last one counts. */
function place(root: ValueNode, path: readonly PropertyKey[]) {
  let at: ValueNode | MemberNode['name'] | undefined = root
  let node: ValueNode | undefined = root
  for (const step of path) {
    if (node?.type === 'Array') at = node = node.elements[Number(step)]?.value
    else if (node?.type === 'Object') {
      const member = node.members.findLast(({ name }) => nameOf(name) === String(step))
      ;[at, node] = [member?.name, member?.value]
    } else return undefined
    if (!at) return undefined
  }
  return beginOf(at)
}

function nameOf(name: MemberNode['name']): string {
  return name.type === 'String' ? name.value : name.name
}

function beginOf({ loc: { start } }: { loc: MemberNode['loc'] }): { line: number; column: number } {
  return { line: start.line, column: start.column }
}
