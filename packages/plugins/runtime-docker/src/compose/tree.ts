import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, readdir, readlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Plan } from '@longshore/core'

/** The folder of the commit's whole tree, of which the service's folder may be a part. */
export function treeOf({ directory, deployment, commit }: Plan): string {
  const name = `${deployment}-${commit.sha}`
  for (let at = directory; dirname(at) !== at; at = dirname(at)) if (basename(at) === name) return at
  return directory
}

/** The tree that another deployment of the service had, or has. */
export function treeBeside(root: string, plan: Plan, deployment: string, sha: string): string | undefined {
  return basename(root) === `${plan.deployment}-${plan.commit.sha}`
    ? join(dirname(root), `${deployment}-${sha}`)
    : undefined
}

/** What a digest of content reads at most; what is more counts as changed. */
const most = { entries: 20_000, bytes: 256 * 2 ** 20 }

/** A digest of what lies at a path: names, kinds, modes and bytes. Undefined when it is too much to be read. */
export async function contentOf(path: string): Promise<string | undefined> {
  const hash = createHash('sha256')
  let [entries, bytes] = [0, 0]
  const take = async (at: string, name: string): Promise<boolean> => {
    const found = await lstat(at).catch(() => undefined)
    if (!found) return true
    if (++entries > most.entries || (bytes += found.isFile() ? found.size : 0) > most.bytes) return false
    hash.update(JSON.stringify([name, found.mode, found.isFile() ? found.size : 0]))
    if (found.isSymbolicLink()) hash.update(await readlink(at))
    if (found.isFile()) for await (const chunk of createReadStream(at)) hash.update(chunk as Buffer)
    if (!found.isDirectory()) return true
    for (const each of (await readdir(at)).sort())
      if (!(await take(join(at, each), `${name}/${each}`))) return false
    return true
  }
  return (await take(path, '')) ? hash.digest('hex') : undefined
}
