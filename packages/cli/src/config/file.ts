import { existsSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, extname, join, resolve } from 'node:path'
import { InputError, type ConfigDocument } from '@longshore/core'
import { documentOf, isRecord, withValue, type ParsedText } from './document.js'

const extensions = ['.ts', '.js', '.mjs', '.json', '.yaml', '.yml', '.toml']
const names = extensions.map((extension) => `longshore.config${extension}`)

/** Reads a config as it stands in its file; throws a `ConfigError` with every syntax error at once. */
export async function readConfigFile(file: string): Promise<ConfigDocument> {
  const document = documentOf(file, await parseConfigFile(file))
  const { value } = document
  // A relative data folder lies beside the config, wherever Longshore was started.
  if (!isRecord(value) || typeof value['data'] !== 'string') return document
  return { ...document, value: withValue(value, ['data'], resolve(dirname(file), value['data'])) }
}

/** As `readConfigFile`, but a fault leaves what could be read: for those who want one key of it. */
export async function parseConfigFile(file: string): Promise<ParsedText> {
  const extension = extname(file)
  if (extension === '.ts' || extension === '.js' || extension === '.mjs')
    return (await import('./module.js')).loadModule(file)
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new InputError('CONFIG_UNREADABLE', `the config ${file} cannot be read`, {
      cause,
      hint: 'Make it readable for the user that runs this, or name another one by --config.',
    })
  })
  if (extension === '.toml') return (await import('./toml.js')).parseToml(text)
  // Each parser only where it is needed: reading the code of one takes as long as reading most configs.
  const parsed = extension === '.json' ? (await import('./json.js')).parseJson(text) : undefined
  if (parsed) return parsed
  const { explainJson, parseYaml } = await import('./yaml.js')
  return extension === '.json' ? explainJson(text) : parseYaml(text)
}

/**
 * The config to use: the one named (a file, or a folder with one), else the nearest in this folder or those above it.
 * Undefined when none was named and none is there.
 */
export function findConfigFile(named: string | undefined, folder: string): string | undefined {
  if (named !== undefined) return namedFile(resolve(folder, named))
  for (let at = resolve(folder); ; at = dirname(at)) {
    const file = fileIn(at)
    if (file) return at === resolve(folder) ? file : trusted(file)
    if (at === dirname(at)) return undefined
  }
}

function namedFile(path: string): string {
  const file = statSync(path, { throwIfNoEntry: false })?.isDirectory() ? fileIn(path) : path
  if (file === undefined || !existsSync(file)) {
    throw new InputError('CONFIG_MISSING', `there is no config at ${path}`, {
      hint: 'Name the file, or a folder with a longshore.config.yaml; `longshore init` makes one.',
    })
  }
  if (extensions.includes(extname(file))) return file
  throw new InputError('CONFIG_FORMAT', `${file} is in no format that a config can have`, {
    hint: `Its name has to end with one of ${extensions.join(', ')}.`,
  })
}

function fileIn(folder: string): string | undefined {
  const [file, other] = names.map((name) => join(folder, name)).filter((each) => existsSync(each))
  if (other === undefined) return file
  throw new InputError('CONFIG_TWICE', `two configs lie in one folder: ${file} and ${other}`, {
    hint: 'Remove one of them, or name the right one by --config.',
  })
}

/** A config says what is run: one that somebody else left in a folder above is not taken unasked. */
function trusted(file: string): string {
  const { uid } = statSync(file)
  if (uid === 0 || uid === process.getuid?.()) return file
  throw new InputError(
    'CONFIG_FOREIGN',
    `the config ${file} was found above this folder and belongs to another user`,
    {
      hint: `If you trust it, name it: --config ${file}`,
    },
  )
}
