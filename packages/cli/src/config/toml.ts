import { parse, TomlError } from 'smol-toml'
import type { ParsedText } from './document.js'

/** Reads TOML. Its parser stops at the first error and tells of no places: those are found by a scan of the lines. */
export function parseToml(text: string): ParsedText {
  try {
    const places = scan(text)
    return { value: parse(text), faults: [], place: (path) => places.get(path.map(String).join('\0')) }
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const [message = 'this is no TOML'] = error.message.replace(/^Invalid TOML document: /, '').split('\n')
    return { value: undefined, faults: [{ line: error.line, column: error.column, message }] }
  }
}

const part = String.raw`(?:[\w-]+|"[^"\n]*"|'[^'\n]*')`
const header = new RegExp(String.raw`^\s*(\[\[?)\s*(${part}(?:\s*\.\s*${part})*)\s*\]`)
const assignment = new RegExp(String.raw`^(\s*)(${part}(?:\s*\.\s*${part})*)\s*=`)

/** Where each table and key begins. What stands inside a value is found at its key. */
function scan(text: string): Map<string, { line: number; column: number }> {
  const places = new Map<string, { line: number; column: number }>()
  const counts = new Map<string, number>()
  let table: string[] = []
  let open: string | undefined
  for (const [index, line] of text.split('\n').entries()) {
    if (open === undefined) {
      const [, bracket, name] = header.exec(line) ?? []
      const [, indent, key] = assignment.exec(line) ?? []
      const column = name === undefined ? (indent?.length ?? 0) + 1 : line.indexOf('[') + 1
      if (name !== undefined) table = enter(split(name), bracket === '[[', counts)
      const path = key === undefined ? table : [...table, ...split(key)]
      if (name !== undefined || key !== undefined) note(places, path, { line: index + 1, column })
    }
    open = stringLeftOpen(line, open)
  }
  return places
}

function split(name: string): string[] {
  return [...name.matchAll(new RegExp(part, 'g'))].map(([word]) => word.replace(/^["']|["']$/g, ''))
}

function enter(table: string[], list: boolean, counts: Map<string, number>): string[] {
  if (!list) return table
  const id = table.join('\0')
  const count = counts.get(id) ?? 0
  counts.set(id, count + 1)
  return [...table, String(count)]
}

/** A dotted key and a table's name also make the tables around them. */
function note(
  places: Map<string, { line: number; column: number }>,
  path: string[],
  place: { line: number; column: number },
): void {
  for (let length = 1; length <= path.length; length++) {
    const id = path.slice(0, length).join('\0')
    if (!places.has(id)) places.set(id, place)
  }
}

/** The quotes of a multi-line string that the line leaves open. */
function stringLeftOpen(line: string, open: string | undefined): string | undefined {
  let left = open
  for (const [quotes] of line.matchAll(/"""|'''/g)) {
    if (left === undefined) left = quotes
    else if (left === quotes) left = undefined
  }
  return left
}
