import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { basename, dirname, relative } from 'node:path'
import { promisify } from 'node:util'
import { InputError } from '@longshore/core'
import { z } from 'zod'
import { parseYaml } from '../config/yaml.js'

/** Milliseconds that git may take to look at a clone. */
const gitDeadline = 10_000

/** A service as the first config declares it. */
export interface Draft {
  name: string
  url: string
  ref: string
  path?: string
  run: Record<string, unknown>
  /** Variables that its files read and nothing sets: Longshore's own environment does not reach them. */
  unset?: string[]
}

const ComposeFile = z.looseObject({
  name: z.string().optional(),
  services: z.record(z.string(), z.unknown()),
})

/** A service of kind `compose`, made of a compose file and the clone that it lies in. */
export async function fromCompose(
  file: string,
  given: { name?: string; url?: string; ref?: string },
): Promise<Draft> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new InputError('COMPOSE_UNREADABLE', `the compose file ${file} cannot be read`, {
      cause,
      hint: 'Name one that is there.',
    })
  })
  const compose = ComposeFile.safeParse(parseYaml(text).value)
  if (!compose.success) {
    throw new InputError('COMPOSE_INVALID', `${file} is no compose file: it has no services`, {
      hint: 'Try it with: docker compose config',
    })
  }
  const folder = dirname(file)
  const root = await git(folder, ['rev-parse', '--show-toplevel'])
  const name = given.name ?? nameOf(compose.data.name ?? basename(root ?? folder))
  const url = given.url ?? (await git(folder, ['remote', 'get-url', 'origin']))
  if (url === undefined) {
    throw new InputError('ORIGIN_UNKNOWN', `${folder} is no clone with a remote named origin`, {
      hint: 'Say where the repository is: --url URL',
    })
  }
  const path = (root && relative(root, folder)) || undefined
  // What reaches out of the file's folder needs the whole tree, and is deployed anew by any commit.
  const whole = path !== undefined && /(^|[\s'":])\.\.(\/|\s|$)/m.test(text)
  return {
    name,
    url,
    ref: given.ref ?? (await git(folder, ['symbolic-ref', '--short', 'HEAD'])) ?? 'main',
    path: whole ? undefined : path,
    run: { kind: 'compose', files: [whole ? relative(root!, file) : basename(file)] },
    unset: unsetIn(text),
  }
}

/** The variables that a compose file reads without a default. */
function unsetIn(text: string): string[] {
  const names = [...text.matchAll(/(\$*)\$(?:\{([A-Za-z_]\w*)([^}]*)\}|([A-Za-z_]\w*))/g)].flatMap(
    ([, before, braced, rest = '', bare]) => {
      // Two dollars are one that is meant, and one with a default needs nothing.
      const meant = before!.length % 2 === 0 && !/^:?[-+]/.test(rest)
      return meant ? [braced ?? bare!] : []
    },
  )
  return [...new Set(names)].filter((name) => !name.startsWith('LONGSHORE_')).sort()
}

async function git(folder: string, args: string[]): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('git', ['-C', folder, ...args], { timeout: gitDeadline })
    return stdout.trim() || undefined
  } catch {
    return undefined
  }
}

function nameOf(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63)
  return name || 'app'
}
