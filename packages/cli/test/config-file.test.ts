import { ConfigError, faultLine, type ConfigDocument } from '@longshore/core'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadConfig, readConfigFile } from '../src/index.js'
import { folderWith } from './longshore.js'

const yaml = `version: 1
services:
  api:
    source: { url: https://git.example/api.git }
    run:
      kind: command
      up: [npm, start]
`
const json = JSON.stringify(
  { version: 1, services: { api: { source: { url: 'https://git.example/api.git' } } } },
  null,
  '\t',
)
const toml = `version = 1
[services.api.source]
url = "https://git.example/api.git" # an address
[services.api]
run.kind = "command"
`
const module =
  "export default { version: 1, services: { api: { source: { url: 'https://git.example/api.git' } } } }"

async function read(name: string, text: string): Promise<ConfigDocument> {
  return readConfigFile(join(await folderWith({ [name]: text }), name))
}

/** Every fault of a text: those that it is refused for, or those that are told beside the faults of its value. */
async function faultsOf(work: Promise<ConfigDocument>): Promise<string[]> {
  const { faults } = await work.catch((thrown: unknown) => {
    expect(thrown).toBeInstanceOf(ConfigError)
    return thrown as ConfigError
  })
  return faults!.map((fault) => faultLine({ ...fault, file: 'FILE' }))
}

describe('every format', () => {
  const typed =
    'const url: string = "https://git.example/api.git"\nexport default () => ({ version: 1, services: { api: { source: { url } } } })'
  const texts = {
    'longshore.config.yaml': yaml,
    'longshore.config.yml': yaml,
    'longshore.config.json': json,
    'longshore.config.toml': toml,
    'longshore.config.mjs': module,
    'longshore.config.js': module,
    'longshore.config.ts': typed,
  }
  test.each(Object.entries(texts))('%s is read', async (name, text) => {
    const { value } = await read(name, text)
    expect(value).toMatchObject({
      version: 1,
      services: { api: { source: { url: 'https://git.example/api.git' } } },
    })
  })
})

describe('places', () => {
  test('of keys and items in YAML, also behind an alias', async () => {
    const { place } = await read('c.yaml', `${yaml}  b: &b { source: { url: x } }\n  c: *b\n`)
    expect(place!(['services', 'api', 'run', 'kind'])).toEqual({ line: 6, column: 7 })
    expect(place!(['services', 'api', 'run', 'up', 1])).toEqual({ line: 7, column: 17 })
    expect(place!(['services', 'c', 'source', 'url'])).toEqual({ line: 8, column: 21 })
    expect(place!(['services', 'api', 'nothing'])).toBeUndefined()
  })

  test('of keys in JSON that is indented with tabs', async () => {
    const { place } = await read('c.json', json)
    expect(place!(['services', 'api', 'source'])).toEqual({ line: 5, column: 4 })
  })

  test('of tables, lists of tables and dotted keys in TOML, not of what only looks like one', async () => {
    const odd = 'note = """\nversion = 2\n"""\n[[plugins]]\nname = "a"\n[[plugins]]\n  name = "b"\n'
    const { place } = await read('c.toml', toml + odd.replace('note', 'services.api.note'))
    expect(place!(['services', 'api', 'source', 'url'])).toEqual({ line: 3, column: 1 })
    expect(place!(['services', 'api', 'run', 'kind'])).toEqual({ line: 5, column: 1 })
    expect(place!(['version'])).toEqual({ line: 1, column: 1 })
    expect(place!(['plugins', '1', 'name'])).toEqual({ line: 12, column: 3 })
  })
})

describe('a text that cannot be read', () => {
  test('two services of one name are a fault at the second one', async () => {
    const twice = `${yaml}  api:\n    source: { url: x }\n`
    expect(await faultsOf(read('c.yaml', twice))).toEqual([
      'FILE:8:3 api is there twice; give each its own name',
    ])
    expect(await faultsOf(read('c.json', '{ "services": { "api": {}, "api": {} } }'))).toEqual([
      'FILE:1:28 api is there twice; give each its own name',
    ])
    expect(await faultsOf(read('c.toml', '[services.api]\n[services.api]\n'))).toEqual([
      expect.stringMatching(/^FILE:2:/),
    ])
  })

  test('every syntax error of YAML is told at once', async () => {
    const faults = await faultsOf(read('c.yaml', 'version: 1\nhost: @box\ndata: `here`\n'))
    expect(faults.length).toBeGreaterThan(1)
    expect(faults.every((line) => /^FILE:\d+:\d+ \S/.test(line))).toBe(true)
  })

  test('JSON is strict, and says where it ends', async () => {
    expect(await faultsOf(read('c.json', '{\n  "version": 1,\n}'))).toEqual([
      expect.stringMatching(/^FILE:3:1 this is no JSON/),
    ])
  })

  test('aliases that multiply are refused', async () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]']
    for (const [before, name] of ['ab', 'bc', 'cd', 'de', 'ef'].map((pair) => pair.split(''))) {
      bomb.push(`${name}: &${name} [${Array(10).fill(`*${before}`).join(', ')}]`)
    }
    expect(await faultsOf(read('c.yaml', bomb.join('\n')))).toEqual([
      expect.stringMatching(/^FILE:1:1 .*alias/i),
    ])
  })

  test('a module that throws is told with its reason', async () => {
    expect(await faultsOf(read('c.ts', "throw new Error('no luck')"))).toEqual([
      expect.stringContaining('no luck'),
    ])
    expect(await faultsOf(read('c.mjs', 'export default {'))).toHaveLength(1)
  })
})

describe('which config is used', () => {
  test('the nearest one in this folder or above it', async () => {
    const folder = await folderWith({ 'longshore.config.yaml': yaml, 'a/b/file': '' })
    const { file } = await loadConfig({ folder: join(folder, 'a/b'), env: {} })
    expect(file).toBe(join(folder, 'longshore.config.yaml'))
  })

  test('the one that is named, by --config or LONGSHORE_CONFIG, as a file or a folder', async () => {
    const folder = await folderWith({ 'x/longshore.config.yaml': yaml, 'y/other.toml': toml })
    const byFolder = await loadConfig({ folder, config: 'x', env: { LONGSHORE_CONFIG: 'y/other.toml' } })
    expect(byFolder.file).toBe(join(folder, 'x/longshore.config.yaml'))
    const byFile = await loadConfig({ folder, env: { LONGSHORE_CONFIG: 'y/other.toml' } })
    expect(byFile.file).toBe(join(folder, 'y/other.toml'))
  })

  test('two in one folder are refused, and none is told', async () => {
    const folder = await folderWith({
      'longshore.config.yaml': yaml,
      'longshore.config.toml': toml,
      'empty/x': '',
    })
    await expect(loadConfig({ folder, env: {} })).rejects.toMatchObject({ code: 'CONFIG_TWICE' })
    await expect(loadConfig({ folder, config: 'empty', env: {} })).rejects.toMatchObject({
      code: 'CONFIG_MISSING',
    })
    await expect(loadConfig({ folder, config: 'empty/x', env: {} })).rejects.toMatchObject({
      code: 'CONFIG_FORMAT',
    })
  })

  test('a relative data folder lies beside the config; the environment stands above both', async () => {
    const folder = await folderWith({
      'longshore.config.yaml': 'version: 1\ndata: ./data\nweb: { url: http://127.0.0.1 }\n',
      'a/b': '',
    })
    const from = { folder: join(folder, 'a') }
    expect((await loadConfig({ ...from, env: {} })).value).toMatchObject({ data: join(folder, 'data') })
    const env = { LONGSHORE_DATA: '/srv/data', LONGSHORE_LISTEN: '127.0.0.1:1' }
    const document = await loadConfig({ ...from, env })
    expect(document.value).toMatchObject({
      data: '/srv/data',
      web: { listen: '127.0.0.1:1', url: 'http://127.0.0.1' },
    })
    expect(document.place!(['web', 'listen'])).toEqual({ file: 'LONGSHORE_LISTEN' })
    expect(document.place!(['web', 'url'])).toEqual({ line: 3, column: 8 })
  })
})
