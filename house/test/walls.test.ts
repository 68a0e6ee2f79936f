import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { cruise, type ICruiseResult } from 'dependency-cruiser'
import { afterAll, beforeAll, expect, test } from 'vitest'
import walls, { libraryHomes } from '../../.dependency-cruiser.mjs'

const core = 'packages/core/src'
const git = 'packages/plugins/git/src'

/** For each rule, by its name, one file that breaks it and nothing else. */
const breaches: Record<string, { file: string; text: string }> = {
  'protocol-is-pure': { file: `${core}/protocol/clock.ts`, text: "import 'node:os'" },
  'contracts-are-plain': { file: `${core}/contracts/runtime.ts`, text: "import '../kernel/errors.js'" },
  'contracts-only-name-secrets': {
    file: `${core}/contracts/secret-store.ts`,
    text: "import { Secret } from '../kernel/secret.js'\nexport const secret = Secret",
  },
  'core-knows-no-feature': { file: `${core}/kernel/feature.ts`, text: "import '@longshore/git'" },
  'plugins-never-meet': { file: `${git}/watch.ts`, text: "import '@longshore/web'" },
  'client-knows-the-protocol': { file: 'packages/client/src/peek.ts', text: "import '@longshore/core'" },
  'client-runs-in-browsers': { file: 'packages/client/src/read.ts', text: "import 'node:fs'" },
  'client-door-without-node': {
    file: 'packages/client/src/open.ts',
    text: "import { createNodeClient } from './node/index.js'\nexport const open = createNodeClient",
  },
  'ui-is-a-client': { file: 'packages/ui/src/api/peek.ts', text: "import '@longshore/core'" },
  'ui-runs-in-browsers': { file: 'packages/ui/src/facts/read.ts', text: "import 'node:fs'" },
  'ui-asks-at-two-places': { file: 'packages/ui/src/pages/ask.ts', text: "import '@longshore/client'" },
  'nothing-below-the-product': { file: `${git}/command.ts`, text: "import '@longshore/cli'" },
  'through-the-door': { file: `${git}/peek.ts`, text: "import '../../../core/src/kernel/errors.js'" },
  'no-tests-in-source': { file: `${git}/fake.ts`, text: "import '@longshore/core/testkit'" },
  'no-cycles': { file: `${git}/circle.ts`, text: "import './circle.js'" },
  'everything-resolves': { file: `${git}/lost.ts`, text: "import '@longshore/core/kernel/errors'" },
  'declared-where-used': { file: 'packages/plugins/web/src/undeclared.ts', text: "import 'zod'" },
  'every-library-has-a-home': { file: `${git}/novelty.ts`, text: "import 'novelty'" },
  ...Object.fromEntries(
    Object.keys(libraryHomes).map((library) => [
      `one-home-for-${library}`,
      { file: `packages/plugins/all/src/${library}.ts`, text: `import '${library}'` },
    ]),
  ),
}

/** Files that come close to a breach and are right. */
const rightful: Record<string, string> = {
  [`${core}/index.ts`]: "export * from './kernel/errors.js'",
  [`${core}/protocol/index.ts`]: "import 'zod'\nexport * from './names.js'",
  [`${core}/protocol/names.ts`]: 'export const names = 1',
  [`${core}/kernel/errors.ts`]: 'export const errors = 1',
  [`${core}/kernel/secret.ts`]: 'export class Secret {}',
  [`${core}/kernel/token.ts`]: 'export const token = 1',
  [`${core}/kernel/hooks.ts`]: "import 'tapable'",
  [`${core}/contracts/storage.ts`]:
    "import type { Secret } from '../kernel/secret.js'\nimport '../kernel/token.js'\nexport type S = Secret",
  [`${core}/testkit/index.ts`]: "import '../kernel/errors.js'\nimport 'vitest'",
  [`${git}/index.ts`]: "import '@longshore/core'\nimport '@longshore/core/protocol'",
  [`${git}/protocol.ts`]: "import 'zod'\nimport '@longshore/core/protocol'",
  'packages/client/src/index.ts': "import '@longshore/core/protocol'",
  'packages/ui/src/api/api.ts': "import '@longshore/client'\nimport '@longshore/core/protocol'",
  'packages/client/src/node/index.ts': "import 'node:http'\nimport '../index.js'",
  'packages/plugins/git/test/law.test.ts':
    "import '../src/index.js'\nimport '@longshore/core/testkit'\nimport 'lmdb'",
  'packages/plugins/web/src/index.ts': "import 'express'",
  'packages/cli/src/main.ts': "import '@longshore/git'\nimport '@longshore/web'",
}

const libraries = [...Object.keys(libraryHomes), 'zod', 'vitest', 'novelty']
const packages: Record<string, string[]> = {
  'packages/core': libraries,
  'packages/plugins/all': libraries,
  'packages/plugins/git': libraries,
  'packages/plugins/web': ['express'],
  'packages/client': [],
  'packages/ui': [],
  'packages/cli': [],
}

let tree: string

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'longshore-walls-'))
  for (const library of libraries) {
    write(`node_modules/${library}/package.json`, JSON.stringify({ name: library, main: 'index.js' }))
    write(`node_modules/${library}/index.js`, '')
  }
  for (const [folder, dependencies] of Object.entries(packages)) writePackage(folder, dependencies)
  for (const [file, text] of Object.entries(rightful)) write(file, text)
  for (const { file, text } of Object.values(breaches)) write(file, text)
})

afterAll(() => rmSync(tree, { recursive: true, force: true }))

test('every wall has a breach that tries it, and a sentence that says why it stands', () => {
  const rules = walls.forbidden ?? []
  expect(rules.map((rule) => rule.name).sort()).toEqual(Object.keys(breaches).sort())
  for (const rule of rules) expect(rule.comment, rule.name).toMatch(/^[A-Z].{30,}\.$/)
})

test('each breach is found by its rule, and what is right passes', async () => {
  const { output } = await cruise(['.'], {
    ...walls.options,
    baseDir: tree,
    validate: true,
    ruleSet: { forbidden: walls.forbidden ?? [] },
  })
  const found = (output as ICruiseResult).summary.violations.map(({ rule, from }) => `${rule.name}: ${from}`)
  const deliberate = Object.entries(breaches).map(([rule, { file }]) => `${rule}: ${file}`)
  expect([...new Set(found)].sort()).toEqual(deliberate.sort())
})

function writePackage(folder: string, dependencies: string[]) {
  const name = `@longshore/${folder.split('/').at(-1)}`
  const ours = Object.fromEntries(
    Object.keys(packages).map((each) => [`@longshore/${each.split('/').at(-1)}`, '0.1.0']),
  )
  const theirs = Object.fromEntries(dependencies.map((library) => [library, '1.0.0']))
  const doors = {
    '.': './dist/index.js',
    './protocol': './dist/protocol/index.js',
    './testkit': './dist/testkit/index.js',
  }
  write(
    `${folder}/package.json`,
    JSON.stringify({ name, exports: doors, dependencies: { ...ours, ...theirs } }),
  )
  for (const door of Object.values(doors)) write(join(folder, door), '')
  mkdirSync(join(tree, 'node_modules/@longshore'), { recursive: true })
  symlinkSync(join(tree, folder), join(tree, 'node_modules', name))
}

function write(file: string, text: string) {
  mkdirSync(dirname(join(tree, file)), { recursive: true })
  writeFileSync(join(tree, file), text)
}
