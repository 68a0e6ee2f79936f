import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folderWith, longshore } from './longshore.js'

const source = "{ url: 'https://git.example/api.git' }"
const service = `  api:\n    source: ${source}\n    run: { kind: command, up: [npm, start] }\n`

async function check(files: Record<string, string>, env?: Record<string, string>) {
  const folder = await folderWith(files)
  const { code, stderr, stdout } = await longshore(['check'], folder, env)
  return { code, lines: stderr.split('\n').filter(Boolean), stdout, folder }
}

test('a good config is called good', async () => {
  const { code, stdout } = await check({ 'longshore.config.yaml': `version: 1\nservices:\n${service}` })
  expect(stdout).toContain('is good')
  expect(code).toBe(0)
})

test('several faults are told at once, each with its place and what was meant', async () => {
  const text = `version: 1
servises: {}
services:
  api:
    source: { url: 'ext::touch', credential: forge, poll: 30 sec }
    run: { kind: command, up: [npm, start], keepalive: true }
  b:
    source: ${source}
    run: { kind: comand }
`
  const { code, lines } = await check({ 'longshore.config.yaml': text })
  const expected = [
    /^longshore\.config\.yaml:2:1 servises: unknown key "servises"; did you mean services\?/,
    /^longshore\.config\.yaml:5:15 services\.api\.source\.url: transport helpers/,
    /^longshore\.config\.yaml:5:34 services\.api\.source\.credential: no credential is called forge/,
    /^longshore\.config\.yaml:5:53 services\.api\.source\.poll: "30 sec" is no duration/,
    /^longshore\.config\.yaml:6:45 services\.api\.run\.keepalive: unknown key "keepalive"; did you mean keepAlive\?/,
    /^longshore\.config\.yaml:9:12 services\.b\.run\.kind: run\.kind is one of: command/,
  ]
  for (const line of expected) expect(lines).toContainEqual(expect.stringMatching(line))
  expect(lines).toHaveLength(expected.length)
  expect(code).toBe(1)
})

test('a secret that is not there is a fault at its place, and one that is there is not told', async () => {
  const env = '{ A: { secret: env:IS_THERE }, B: { secret: env:IS_NOT }, C: { secret: vault:x } }'
  const text = `version: 1\nservices:\n${service.replace('start]', `start], env: ${env}`)}`
  const { code, lines, stdout } = await check({ 'longshore.config.yaml': text }, { IS_THERE: 'hush-hush' })
  expect(lines).toEqual([
    expect.stringMatching(
      /^longshore\.config\.yaml:5:.*env\.B\.secret: there is no secret at env:IS_NOT \(SECRET_MISSING\)/,
    ),
    expect.stringMatching(/env\.C\.secret: no store answers for vault:x \(SECRET_STORE_UNKNOWN\)/),
  ])
  expect(`${stdout}${lines.join('')}`).not.toContain('hush-hush')
  expect(code).toBe(1)
})

test('two services of one name, a wrong variable and a wrong version', async () => {
  const twice = await check({ 'longshore.config.yaml': `version: 1\nservices:\n${service}${service}` })
  expect(twice.lines).toEqual(['longshore.config.yaml:6:3 api is there twice; give each its own name'])
  const listen = await check({ 'longshore.config.yaml': 'version: 2\n' }, { LONGSHORE_LISTEN: 'everywhere' })
  expect(listen.lines).toEqual([
    expect.stringMatching(/^LONGSHORE_LISTEN web\.listen: "everywhere" is no address/),
    expect.stringMatching(/^longshore\.config\.yaml:1:1 version: version is 1/),
  ])
})

const plugin = (name: string, rest: string) =>
  `import { token } from '@longshore/core'\nconst A = token('A'), B = token('B')\nexport default { name: '${name}', ${rest}, setup() {} }`

test('plugins: missing, broken, none at all, and what they need of one another', async () => {
  const names = ['./none.ts', '@nobody/nothing', './broken.mjs', './no-plugin.mjs']
  const { code, lines } = await check({
    'longshore.config.yaml': `version: 1\nservises: {}\nplugins:\n${names.map((name) => `  - '${name}'\n`).join('')}`,
    'broken.mjs': "throw new Error('no luck')",
    'no-plugin.mjs': 'export default 1',
  })
  for (const [index, said] of [
    'PLUGIN_MISSING',
    'PLUGIN_MISSING',
    'no luck (PLUGIN_BROKEN)',
    'PLUGIN_SHAPE',
  ].entries()) {
    const line = lines.find((each) =>
      each.startsWith(`longshore.config.yaml:${4 + index}:5 plugins.${index}: `),
    )
    expect(line).toContain(said)
  }
  expect(lines).toContainEqual(expect.stringContaining('did you mean services?'))
  expect(code).toBe(1)
})

test('plugins that need one another in a circle, or what nobody provides', async () => {
  const circle = await checkPlugins([
    plugin('one', 'needs: { a: A }, provides: [B]'),
    plugin('two', 'needs: { b: B }, provides: [A]'),
  ])
  expect(circle).toEqual([
    expect.stringMatching(/:2:\d+ plugins: plugins need one another: one → two → one \(PLUGIN_CYCLE\)/),
  ])
  const thrower = await checkPlugins([
    "export default { name: 'one', setup() { throw new Error('no luck') } }",
  ])
  expect(thrower).toEqual([
    expect.stringMatching(/the plugin one failed in setup: no luck \(PLUGIN_FAILED\)/),
  ])
  const gap = await checkPlugins([plugin('one', 'needs: { a: A }')])
  expect(gap).toEqual([
    expect.stringMatching(/the plugin one needs A, which nobody provides \(PLUGIN_NEED_UNMET\)/),
  ])
})

/** Plugins in a folder of their own, where nothing is installed. */
async function checkPlugins(texts: string[]): Promise<string[]> {
  const files = texts.map((text, index) => [`${index}.mjs`, text])
  const names = files.map(([name]) => `./${name}`)
  const { lines } = await check({
    'longshore.config.yaml': `version: 1\nplugins: ${JSON.stringify(names)}\n`,
    ...(Object.fromEntries(files) as Record<string, string>),
  })
  return lines
}

test('the options beside a plugin are its section, checked where they stand', async () => {
  const folder = await folderWith({
    'box.yaml': "version: 1\nplugins:\n  - [./mine.ts, { resolvr: '127.0.0.1' }]\n",
    'mine.ts': `import { z } from 'zod'\nconst name: string = 'mine'\nexport default { name, config: z.strictObject({ resolver: z.string() }), setup() {} }`,
  })
  const { code, stdout } = await longshore(['check', 'box.yaml', '--json'], folder)
  expect(code).toBe(1)
  const { faults } = JSON.parse(stdout) as { faults: object[] }
  expect(faults).toContainEqual({
    file: join(folder, 'box.yaml'),
    line: 3,
    column: 19,
    path: 'mine.resolvr',
    message: 'unknown key "resolvr"; did you mean resolver?',
  })
})

test('the plugins that the docs show, in a file beside a config where nothing is installed', async () => {
  const docs = await readFile(new URL('../../../docs/plugins.md', import.meta.url), 'utf8')
  const shown = [...docs.matchAll(/```ts\n(.*?)```/gs)].map(([, text]) => text!)
  const [first, second, ...others] = shown.filter((text) => text.includes('definePlugin('))
  expect(others).toEqual([])
  const { code, lines } = await check({
    'longshore.config.yaml':
      "version: 1\nplugins: [['./plugins/mine.ts', { also: [6] }], './plugins/tides.ts']\n",
    'plugins/mine.ts': first!,
    'plugins/tides.ts': second!,
  })
  expect(lines).toEqual([])
  expect(code).toBe(0)
})

test('a key that stands twice, or a name that is none, hides no other fault', async () => {
  const text = `version: 1
services:
  api:
    source: { url: 'ext::touch' }
    run: { kind: command, up: [npm, start], keepalive: true }
    run: { kind: command, up: [npm, start], grase: 1s }
  Bad_Name:
    source: { url: 'https://git.example/b.git', rev: main }
    run: { kind: comand }
credentials:
  Forge!: { kind: https, username: bot }
`
  const { code, lines } = await check({ 'longshore.config.yaml': text })
  const expected = [
    /^longshore\.config\.yaml:4:15 services\.api\.source\.url: transport helpers/,
    /^longshore\.config\.yaml:6:5 run is there twice; give each its own name/,
    /^longshore\.config\.yaml:6:45 services\.api\.run\.grase: unknown key "grase"; did you mean grace\?/,
    /^longshore\.config\.yaml:7:3 services\.Bad_Name: a name is 1 to 63/,
    /^longshore\.config\.yaml:8:49 services\.Bad_Name\.source\.rev: unknown key "rev"; did you mean ref\?/,
    /^longshore\.config\.yaml:9:12 services\.Bad_Name\.run\.kind: run\.kind is one of: command/,
    /^longshore\.config\.yaml:11:3 credentials\.Forge!: a name is 1 to 63/,
    /^longshore\.config\.yaml:11:3 credentials\.Forge!\.password: this is missing/,
  ]
  for (const line of expected) expect(lines).toContainEqual(expect.stringMatching(line))
  expect(lines).toHaveLength(expected.length)
  expect(code).toBe(1)
})

test('an address that others reach is a fault where it stands', async () => {
  const at = (listen: string) => `version: 1\nweb: { listen: '${listen}' }\n`
  for (const listen of ['0.0.0.0:7420', '[::]:7420', '192.0.2.1:0']) {
    const { code, lines } = await check({ 'longshore.config.yaml': at(listen) })
    expect(lines).toEqual([
      expect.stringMatching(
        /^longshore\.config\.yaml:2:8 web\.listen: .* which others can reach \(WEB_LISTEN_PUBLIC\)$/,
      ),
    ])
    expect(code).toBe(1)
  }
  for (const listen of ['127.0.0.1:7420', '[::1]:0', 'localhost:7420'])
    expect((await check({ 'longshore.config.yaml': at(listen) })).code).toBe(0)
  const env = { LONGSHORE_LISTEN: '0.0.0.0:1' }
  const { lines } = await check({ 'longshore.config.yaml': at('127.0.0.1:0') }, env)
  expect(lines).toEqual([expect.stringMatching(/^LONGSHORE_LISTEN web\.listen: .*\(WEB_LISTEN_PUBLIC\)$/)])
})

test('what stands within itself, or too deep, is a fault at its place', async () => {
  const deep = 100_000
  for (const [name, text, said] of [
    [
      'longshore.config.yaml',
      'version: 1\na: &a [x, *a]\n',
      /^longshore\.config\.yaml:2:11 a\.1: it stands within itself/,
    ],
    [
      'longshore.config.yaml',
      'version: 1\nservices: &s\n  api: { run: *s }\n',
      /yaml:3:10 services\.api\.run: it stands within/,
    ],
    [
      'longshore.config.mjs',
      'const a = { version: 1 }\na.host = [a]\nexport default a',
      /^longshore\.config\.mjs host\.0\.host: it stands within/,
    ],
    [
      'longshore.config.yaml',
      `version: 1\na: ${'['.repeat(200)}${']'.repeat(200)}\n`,
      /^longshore\.config\.yaml:2:\d+ a\.0.*: .*deeper than 100/,
    ],
    [
      'longshore.config.yaml',
      `a: ${'['.repeat(deep)}${']'.repeat(deep)}`,
      /^longshore\.config\.yaml.* deeper/,
    ],
    [
      'longshore.config.json',
      `{"a":${'['.repeat(deep)}${']'.repeat(deep)}}`,
      /^longshore\.config\.json.* deeper/,
    ],
    ['longshore.config.toml', `a = ${'['.repeat(deep)}${']'.repeat(deep)}`, /^longshore\.config\.toml/],
  ] as const) {
    const { code, lines } = await check({ [name]: text })
    expect(lines, text.slice(0, 99)).toEqual([expect.stringMatching(said)])
    expect(code).toBe(1)
  }
})

test('typical mistakes of containers are told with what belongs there', async () => {
  const run = "{ kind: image, image: 'Team/App:::1', restart: allways, ports: ['8080:80'] }"
  const { lines } = await check({
    'longshore.config.yaml': `version: 1\nservices:\n  api:\n    source: ${source}\n    run: ${run}\ndocker: { hostPaths: [srv] }\n`,
  })
  expect(lines).toEqual([
    expect.stringMatching(/run\.image: an image is written as name:tag/),
    expect.stringMatching(/run\.restart: one of these belongs here: no, always, .*; did you mean always\?$/),
    expect.stringMatching(/run\.ports\.0: say on which address/),
    expect.stringMatching(/docker\.hostPaths\.0: a folder of the host is named from the root/),
  ])
})
