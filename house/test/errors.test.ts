import ts from 'typescript'
import { expect, test } from 'vitest'
import { read, sources, visit } from './tree.js'

/** A code: words in capitals, as the error classes take them first. Names of environment variables look alike. */
const shape = /^(?!LONGSHORE_)[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/

const used = new Map<string, Set<string>>()
const inTestkit: string[] = []
for (const file of sources.filter((each) => /^packages\/.*\/src\//.test(each))) {
  const owner = file.slice(0, file.indexOf('/src/'))
  if (file.includes('/testkit/')) inTestkit.push(...codesIn(file))
  else for (const code of codesIn(file)) used.set(code, (used.get(code) ?? new Set()).add(owner))
}

const documented = [...read('docs/errors.md').matchAll(/^\| `([A-Z0-9_]+)` \| ([^|]+) \| ([^|]+) \|$/gm)]
const codes = documented.map((row) => row[1] ?? '')

test('every code of the source has its row in docs/errors.md', () => {
  expect([...used.keys()].filter((code) => !codes.includes(code))).toEqual([])
})

test('docs/errors.md has no code that is gone, and none twice', () => {
  expect(codes.filter((code) => !used.has(code) && !inTestkit.includes(code))).toEqual([])
  expect(codes).toEqual([...new Set(codes)])
})

test('each code says what it means and what to do', () => {
  for (const [, code, meaning, mend] of documented) {
    expect(meaning?.length, code).toBeGreaterThan(10)
    expect(mend?.length, code).toBeGreaterThan(3)
  }
})

test('a code belongs to one package', () => {
  expect([...used].filter(([, owners]) => owners.size > 1)).toEqual([])
})

function codesIn(file: string): string[] {
  const codes: string[] = []
  visit(file, (node) => {
    const candidates = ts.isNewExpression(node) || ts.isCallExpression(node) ? (node.arguments ?? []) : []
    const carries = ts.isPropertyAssignment(node) || ts.isVariableDeclaration(node)
    const property = carries && node.initializer && node.name.getText() === 'code' ? [node.initializer] : []
    for (const each of [...candidates, ...property]) {
      if (ts.isStringLiteral(each) && (shape.test(each.text) || each.text === 'INTERNAL'))
        codes.push(each.text)
    }
  })
  return codes
}
