import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { files, packages, read, root, sources, visit } from './tree.js'

interface Manifest {
  name: string
  scripts: Record<string, string>
  dependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  devDependencies?: Record<string, string>
}

const manifest = (folder: string) =>
  JSON.parse(read(`${folder}/package.json`)) as Manifest & Record<string, unknown>
/** It is built for browsers, by other tools. */
const pages = 'packages/ui'
const ourFolders = new Map(packages.map((folder) => [manifest(folder).name, folder]))

test('the packages look alike: licence, kind, version, engines and scripts', () => {
  const { version } = manifest('.')
  for (const folder of packages) {
    const found = manifest(folder)
    expect(found, folder).toMatchObject({
      version,
      license: 'MIT',
      type: 'module',
      engines: { node: '>=20.19' },
    })
    const isPages = folder === pages
    expect(found.scripts, folder).toMatchObject({
      build: expect.stringMatching(isPages ? /^vite build\b/ : /^tsc -p \.( && |$)/),
      typecheck: isPages ? 'vue-tsc -p . && vue-tsc -p test' : 'tsc -p test',
    })
    // All that the pages are made of is in what is built: who installs them needs nothing beside.
    if (isPages) expect(found.dependencies, folder).toBeUndefined()
  }
})

test('what a package needs of ours is built before it: its tsconfig refers to exactly that', () => {
  for (const folder of packages.filter((each) => each !== pages)) {
    const { references } = JSON.parse(read(`${folder}/tsconfig.json`)) as { references: { path: string }[] }
    const wanted = Object.keys(manifest(folder).dependencies ?? {}).flatMap((name) => {
      const other = ourFolders.get(name)
      return other === undefined || other === pages ? [] : [relative(folder, other)]
    })
    expect(references.map(({ path }) => path).sort(), folder).toEqual(wanted.sort())
  }
})

test('whatever is imported is declared by the package that imports it', () => {
  const tools = Object.keys(manifest('.').devDependencies ?? {})
  const undeclared = sources.flatMap((file) => {
    const folder = workspaceOf(file)
    const { name, dependencies, peerDependencies, devDependencies } = manifest(folder)
    const declared = [name, ...Object.keys({ ...dependencies, ...peerDependencies, ...devDependencies })]
    // Tests may use the tools of the root; what is shipped may not.
    const allowed = /(^|\/)src\//.test(file) ? declared : [...declared, ...tools]
    return packagesImported(file)
      .filter((each) => !allowed.includes(each))
      .map((each) => `${file}: ${each}`)
  })
  expect(undeclared).toEqual([])
})

test('every workspace that has tests says how to run and check them', () => {
  const tested = new Set(files.filter((file) => file.endsWith('.test.ts')).map(workspaceOf))
  for (const folder of tested) {
    const { scripts } = manifest(folder)
    expect(scripts, folder).toMatchObject({ test: expect.any(String), typecheck: expect.any(String) })
    expect(existsSync(join(root, folder, 'test/tsconfig.json')), folder).toBe(true)
  }
})

function workspaceOf(file: string): string {
  return /^(packages\/(plugins\/)?[^/]+|examples\/[^/]+|bench|e2e|house)(?=\/)/.exec(file)?.[0] ?? '.'
}

/** Names of the packages that a file imports, Node's own and relative ones left out. */
function packagesImported(file: string): string[] {
  const names: string[] = []
  visit(file, (node) => {
    const specifier =
      ts.isImportDeclaration(node) || ts.isExportDeclaration(node) ? node.moduleSpecifier : undefined
    if (
      specifier === undefined ||
      !ts.isStringLiteral(specifier) ||
      /^(\.|node:|virtual:)/.test(specifier.text)
    )
      return
    names.push(
      specifier.text
        .split('/')
        .slice(0, specifier.text.startsWith('@') ? 2 : 1)
        .join('/'),
    )
  })
  return names
}
