import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { configJsonSchema } from '../src/commands/schema.js'
import { parseYaml } from '../src/config/yaml.js'
import { checkConfig } from '../src/index.js'
import { operationsRoutes } from '../src/product/operations.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const pages = ['README.md', 'docs/config.md', 'examples/plugin-skip/README.md']

test.each(pages)('the configs of %s are good', async (page) => {
  const file = join(root, page)
  const blocks = [...(await readFile(file, 'utf8')).matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(
    ([, text]) => text!,
  )
  expect(blocks.length).toBeGreaterThan(0)
  for (const text of blocks) {
    const { value, faults } = parseYaml(/^version:/m.test(text) ? text : `version: 1\n${text}`)
    expect(faults, text).toEqual([])
    const found = await checkConfig({ file: join(dirname(file), 'longshore.config.yaml'), value }, '/nowhere')
    // The secrets of an example are nobody's.
    expect(
      found.filter(({ message }) => !message.includes('SECRET_MISSING')),
      text,
    ).toEqual([])
  }
})

test('docs/config.md names every key', async () => {
  const text = await readFile(join(root, 'docs/config.md'), 'utf8')
  const words = new Set(
    [...text.matchAll(/`([\w.-]+)`/g)].flatMap(([, word]) => [word!, ...word!.split('.')]),
  )
  words.delete('')
  expect(
    keysOf(await configJsonSchema()).filter(
      (key) => !words.has(key) && !/^(services|credentials|secret|source|run)$/.test(key),
    ),
  ).toEqual([])
})

test.each(Object.values(operationsRoutes))(
  'docs/api.md lists $path',
  async ({ method, path, right, summary }) => {
    const text = await readFile(join(root, 'docs/api.md'), 'utf8')
    const [row] = text.split('\n').filter((line) => line.startsWith(`| ${method} | \`/api/v1${path}\` |`))
    expect(row?.endsWith(`| \`${right}\` | ${summary} |`)).toBe(true)
  },
)

function keysOf(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const { properties = {} } = schema as { properties?: Record<string, unknown> }
  return [
    ...Object.keys(properties),
    ...Object.values(schema).flatMap(keysOf),
    ...Object.values(properties).flatMap(keysOf),
  ]
}

test('schema.json is what `longshore schema` prints', async () => {
  const published = JSON.parse(await readFile(join(root, 'packages/cli/schema.json'), 'utf8')) as object
  expect(published, 'write it anew: npx longshore schema > packages/cli/schema.json').toEqual(
    JSON.parse(JSON.stringify(await configJsonSchema())),
  )
})
