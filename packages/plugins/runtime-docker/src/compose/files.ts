import { readFile, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { isWithin, realPath } from '../policy.js'
import { composeFile } from './errors.js'
import type { Refuse } from './rules.js'
import { parseDocuments } from './yaml.js'

/** Compose's own search: the first of these, and with it the one that overrides it. */
const usual = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml']

/** What a project may lead to, by files that name files. */
const mostFiles = 100
const largest = 2 ** 20

export interface Reading {
  /** The commit's tree, which nothing that is read may lie outside of. */
  root: string
  /** The service's folder: paths in a file that `run.files` names are relative to it. */
  directory: string
  /** Variables that stand in paths, as Compose will know them. */
  variables: Record<string, string>
  refuse: Refuse
}

/** The project's files, by absolute paths. Errors: COMPOSE_FILE. */
export async function findFiles(directory: string, named: string[] | undefined): Promise<string[]> {
  if (named) return named.map((file) => resolve(directory, file))
  for (const name of usual) {
    if (!(await isFile(join(directory, name)))) continue
    const stem = name.slice(0, name.lastIndexOf('.'))
    const overrides = ['yml', 'yaml'].map((end) => join(directory, `${stem}.override.${end}`))
    const [override] = (await Promise.all(overrides.map(isFile))).flatMap((is, at) =>
      is ? overrides[at]! : [],
    )
    return [join(directory, name), ...(override ? [override] : [])]
  }
  throw composeFile(usual[0]!, `there is none of ${usual.join(', ')} in the service's folder`)
}

/**
 * Looks at all that Compose would read while it resolves the project, before it does: the files themselves, what they
 * include and extend, files of variables and labels. Errors: COMPOSE_FILE, and what `refuse` throws.
 */
export class FileCheck {
  readonly #reading: Reading
  readonly #seen = new Set<string>()

  constructor(reading: Reading) {
    this.#reading = reading
  }

  async check(files: string[]): Promise<void> {
    const { directory } = this.#reading
    this.#within(join(directory, '.env'), '.env')
    for (const file of files) await this.#read(file, directory)
  }

  async #read(file: string, base: string): Promise<void> {
    const name = this.#name(file)
    const real = this.#within(file, name)
    if (this.#seen.has(`${real}\0${base}`)) return
    this.#seen.add(`${real}\0${base}`)
    if (this.#seen.size > mostFiles) throw composeFile(name, `more than ${mostFiles} files are drawn in`)
    for (const document of await parse(real, name)) {
      for (const each of list(document['include'])) await this.#include(each, file, base)
      for (const [service, value] of Object.entries(record(document['services'])))
        await this.#service(record(value), { file, base, at: `${name}, service ${service}` })
    }
  }

  async #include(entry: unknown, file: string, base: string): Promise<void> {
    const { path, project_directory, env_file } = record(typeof entry === 'string' ? { path: entry } : entry)
    const at = this.#name(file)
    const paths = list(path).map((each) => this.#path(each, base, `include of ${at}`))
    const inner = project_directory
      ? this.#path(project_directory, base, `include of ${at}`)
      : dirname(paths[0] ?? file)
    this.#within(join(inner, '.env'), `.env beside what ${at} includes`)
    for (const each of list(env_file)) this.#path(each, base, `include of ${at}`)
    for (const each of paths) await this.#read(each, inner)
  }

  async #service(
    { env_file, label_file, extends: parent }: Record<string, unknown>,
    { file, base, at }: { file: string; base: string; at: string },
  ): Promise<void> {
    for (const each of [...list(env_file), ...list(label_file)])
      this.#path(typeof each === 'string' ? each : record(each)['path'], base, at)
    const from = record(parent)['file']
    if (from === undefined || from === null) return
    const path = this.#path(from, base, at)
    if (path !== file) await this.#read(path, dirname(path))
  }

  /** Where a path in a file leads; it has to be one in the tree. */
  #path(value: unknown, base: string, at: string): string {
    const { refuse } = this.#reading
    if (typeof value !== 'string') return base
    const path = this.#interpolate(value, at)
    if (/^[a-z][a-z0-9+.-]*:|^git@|\.git(#|$)/i.test(path)) refuse('remote-include', `${path} (${at})`)
    // Which home Compose would take it for is not told here.
    if (path.startsWith('~')) refuse('outside-file', `${path} (${at}): it begins with a home`)
    const whole = resolve(base, path)
    this.#within(whole, `${path} (${at})`)
    return whole
  }

  #within(path: string, what: string): string {
    const real = realPath(path)
    if (!isWithin(real, realPath(this.#reading.root)))
      this.#reading.refuse('outside-file', `${what}: it leads out of the commit's tree`)
    return real
  }

  /** Only what is told the same here and there: a variable that is given, and wins over every other source. */
  #interpolate(text: string, at: string): string {
    return text.replace(/\$(?:\$|\{?([A-Za-z_]\w*)((?::?-[^{}$]*)?\})?|)/g, (found, name?: string) => {
      if (found === '$$') return '$'
      const closed = found.startsWith('${') === found.endsWith('}')
      const value = name !== undefined && closed ? this.#reading.variables[name] : undefined
      if (!value)
        this.#reading.refuse(
          'outside-file',
          `${text} (${at}): it hangs on a variable that run.env does not give`,
        )
      return value ?? ''
    })
  }

  #name(file: string): string {
    return relative(this.#reading.directory, file) || file
  }
}

async function parse(file: string, name: string): Promise<Record<string, unknown>[]> {
  const found = await stat(file).catch(() => undefined)
  if (!found?.isFile()) throw composeFile(name, found ? 'it is no file' : 'there is no such file')
  if (found.size > largest) throw composeFile(name, `it is larger than ${largest} bytes`)
  try {
    return parseDocuments(await readFile(file, 'utf8'))
  } catch (error) {
    throw composeFile(name, (error as Error).message)
  }
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {}
}
