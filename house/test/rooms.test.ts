import { expect, test } from 'vitest'
import { countLines, files, packages, read } from './tree.js'

const vague = new Set([
  'util',
  'utils',
  'helper',
  'helpers',
  'common',
  'misc',
  'shared',
  'lib',
  'libs',
  'stuff',
])

test('no folder and no file has a name that says nothing', () => {
  const words = (file: string) => file.toLowerCase().split(/[/._-]/)
  expect(files.filter((file) => words(file).some((word) => vague.has(word)))).toEqual([])
})

test('every plugin has the same files', () => {
  const plugins = packages.filter((folder) => folder.startsWith('packages/plugins/'))
  expect(plugins.length).toBeGreaterThan(0)
  for (const plugin of plugins) {
    const wanted = ['package.json', 'README.md', 'src/index.ts', 'src/plugin.ts', 'test/plugin.test.ts']
    expect(
      wanted.filter((file) => !files.includes(`${plugin}/${file}`)),
      plugin,
    ).toEqual([])
    expect(
      countLines(read(`${plugin}/src/index.ts`)),
      `${plugin}/src/index.ts is a door`,
    ).toBeLessThanOrEqual(10)
    expect(read(`${plugin}/test/plugin.test.ts`), `${plugin} tries what every plugin owes`).toContain(
      'verifyPlugin(',
    )
    // A plugin that has options keeps their schema where everybody looks for it.
    if (/^ {2}config\b/m.test(read(`${plugin}/src/plugin.ts`)))
      expect(files).toContain(`${plugin}/src/config.ts`)
  }
})

test('no file names a place of the machine it was written on, nor a package registry', () => {
  const places = /(?<![\w.}])\/work\/|registry\.npmjs|pypi\.org|deb\.debian\.org|goproxy|proxy\.golang/
  const found = files
    .filter((file) => file !== 'house/test/rooms.test.ts' && !/\.(png|ico|woff2)$/.test(file))
    .flatMap((file) =>
      read(file)
        .split('\n')
        .flatMap((line, index) => (places.test(line) ? [`${file}:${index + 1}`] : [])),
    )
  expect(found).toEqual([])
})

test('the lock file names no host, so that any mirror can serve it', () => {
  const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, { resolved?: string }> }
  const named = Object.values(lock.packages).flatMap(({ resolved }) =>
    resolved?.includes('://') ? [resolved] : [],
  )
  expect(named).toEqual([])
})

test('decision records are numbered one by one and say context, decision, consequence', () => {
  const records = files
    .filter((file) => file.startsWith('docs/decisions/') && !file.endsWith('README.md'))
    .sort()
  const numbers = records.map((file) => file.split('/')[2]?.slice(0, 5))
  expect(numbers).toEqual(records.map((_, index) => `${String(index + 1).padStart(4, '0')}-`))
  for (const record of records) {
    const headings = [...read(record).matchAll(/^## (.*)$/gm)].map((match) => match[1])
    expect(headings, record).toEqual(['Context', 'Decision', 'Consequence'])
  }
})
