import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** Every file that is in the repository or would be with the next commit, from the root. */
export const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
})
  .split('\0')
  .filter((file) => file !== '' && existsSync(join(root, file)))

export const sources = files.filter((file) => /\.(ts|mjs|js)$/.test(file))

/** The packages that are shipped, by their folders. */
export const packages = files
  .filter((file) => /^packages\/(plugins\/)?[^/]+\/package\.json$/.test(file))
  .map((file) => file.replace('/package.json', ''))

export function read(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}

export function countLines(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
}

/** Calls back for every node of a source file. */
export function visit(file: string, look: (node: ts.Node) => void): void {
  const go = (node: ts.Node) => {
    look(node)
    node.forEachChild(go)
  }
  go(ts.createSourceFile(file, read(file), ts.ScriptTarget.ESNext, true))
}

/** The line that a node begins on, counted from 1. */
export function lineOf(node: ts.Node): number {
  return node.getSourceFile().getLineAndCharacterOfPosition(node.getStart()).line + 1
}
