import ts from 'typescript'
import { expect, test } from 'vitest'
import { countLines, files, lineOf, read, sources, visit } from './tree.js'

test('no file is longer than 300 lines', () => {
  const lengths = sources.map((file) => ({ file, lines: countLines(read(file)) }))
  const sorted = lengths.map(({ lines }) => lines).sort((a, b) => a - b)
  console.log(`${sorted.length} files, median ${sorted[sorted.length >> 1]} lines, longest ${sorted.at(-1)}`)
  expect(lengths.filter(({ lines }) => lines > 300)).toEqual([])
})

test('no component is longer than 250 lines', () => {
  const lengths = files
    .filter((file) => file.endsWith('.vue'))
    .map((file) => ({ file, lines: countLines(read(file)) }))
  expect(lengths.length).toBeGreaterThan(0)
  expect(lengths.filter(({ lines }) => lines > 250)).toEqual([])
})

test('no function is longer than 50 lines, a describe that holds tests apart', () => {
  expect(sources.flatMap((file) => longFunctions(file))).toEqual([])
})

test('kernel, contracts and flow together stay within 2,000 lines of source', () => {
  const inside = sources.filter((file) => /^packages\/core\/src\/(kernel|contracts|flow)\//.test(file))
  const lines = inside.reduce((sum, file) => sum + countCode(read(file)), 0)
  console.log(`kernel, contracts and flow: ${lines} lines`)
  expect(lines).toBeLessThanOrEqual(2000)
})

test('no contract has more than seven methods', () => {
  const contracts = sources
    .filter((file) => file.startsWith('packages/core/src/contracts/'))
    .flatMap(methodsOf)
  expect(contracts.length).toBeGreaterThan(0)
  expect(contracts.filter(({ methods }) => methods > 7)).toEqual([])
})

/** Lines that are neither blank nor only a comment: what is said about the code is free. */
function countCode(text: string): number {
  return text.split('\n').filter((line) => !/^\s*($|\/\/|\/\*|\*)/.test(line)).length
}

function longFunctions(file: string): string[] {
  const found: string[] = []
  visit(file, (node) => {
    if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined || isDescribe(node.parent))
      return
    const lines = countLines(node.getText())
    if (lines > 50) found.push(`${file}:${lineOf(node)} has ${lines} lines`)
  })
  return found
}

/** `describe(…)`, `describe.skipIf(…)(…)`, and a function of the test-kit that is one `describe`. */
function isDescribe(node: ts.Node): boolean {
  return ts.isCallExpression(node) && /^describe\b/.test(node.expression.getText())
}

/** The interfaces of a contract's file that a token of the same name stands for, and how many methods each has. */
function methodsOf(file: string): { name: string; methods: number }[] {
  const tokens = new Set<string>()
  const interfaces: { name: string; methods: number }[] = []
  visit(file, (node) => {
    if (ts.isVariableDeclaration(node)) tokens.add(node.name.getText())
    if (!ts.isInterfaceDeclaration(node)) return
    const isMethod = (member: ts.TypeElement) =>
      ts.isMethodSignature(member) ||
      (ts.isPropertySignature(member) && member.type !== undefined && ts.isFunctionTypeNode(member.type))
    interfaces.push({ name: node.name.text, methods: node.members.filter(isMethod).length })
  })
  return interfaces.filter(({ name }) => tokens.has(name))
}
