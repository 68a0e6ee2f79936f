import { lstatSync } from 'node:fs'
import { readFile, realpath, stat } from 'node:fs/promises'
import { isAbsolute, join, relative, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import dockerignore from '@balena/dockerignore'
import { pack } from 'tar-fs'
import { contextFault } from '../errors.js'

/** What a build may see of a commit. */
export interface BuildContext {
  /** The Dockerfile's path in it. */
  dockerfile: string
  /** The archive of it; reading it may fail. */
  archive: Readable
}

/** Bytes that a .dockerignore may have. */
const longest = 2 ** 20

/**
 * Packs the folder that a build sees. It and the Dockerfile have to be of the commit also when links are followed; links
 * in it are packed as links. Errors: BUILD_CONTEXT.
 */
export async function packContext(
  directory: string,
  { context, file }: { context: string; file: string },
): Promise<BuildContext> {
  const folder = await within(await realpath(directory), context)
  if (!(await stat(folder)).isDirectory()) throw contextFault(`${context} is no folder`)
  const dockerfile = relative(folder, await within(folder, file))
  const rules =
    (await rulesOf(folder, `${dockerfile}.dockerignore`)) ?? (await rulesOf(folder, '.dockerignore'))
  const ignored = rules === undefined ? undefined : ignoring(folder, rules, dockerfile)
  const archive = pack(folder, {
    ...(ignored && { ignore: (path: string) => ignored(relative(folder, path)) }),
    // The same commit gives the same archive, whoever checked it out: the engine's cache knows it again.
    map: (header) => ({ ...header, uid: 0, gid: 0 }),
    strict: false,
  })
  return { dockerfile, archive }
}

async function rulesOf(folder: string, file: string): Promise<string | undefined> {
  const there = await stat(join(folder, file)).catch(() => undefined)
  if (!there) return undefined
  const path = await within(folder, file)
  if (!there.isFile() || there.size > longest) throw contextFault(`${file} is no file of at most 1 MiB`)
  return readFile(path, 'utf8')
}

/** As the docker command does: the Dockerfile is sent in any case, and an exception may lie in a folder that is left out. */
function ignoring(folder: string, rules: string, dockerfile: string): (path: string) => boolean {
  const left = dockerignore.default().add(rules)
  const exceptions = /^\s*!/m.test(rules)
  return (path) => {
    if (dockerfile === path || dockerfile.startsWith(`${path}/`) || !left.ignores(path)) return false
    return !(exceptions && lstatSync(join(folder, path)).isDirectory())
  }
}

/** Where a path in a folder leads. What it names there is not told: it may be of the host. */
async function within(folder: string, path: string): Promise<string> {
  const real = await realpath(resolve(folder, path)).catch(() => undefined)
  if (real === undefined) throw contextFault(`${path} is not in the commit`)
  const inside = relative(folder, real)
  if (inside === '..' || inside.startsWith('../') || isAbsolute(inside))
    throw contextFault(`${path} leads out of the commit`)
  return real
}
