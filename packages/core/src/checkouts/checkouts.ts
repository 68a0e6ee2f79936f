import { chmod, mkdir, mkdtemp, readdir, rename, rmdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '../kernel/logger.js'

/**
 * One tree per deployment, `<service>/<deployment>-<sha>`: written for it alone, so that nothing which an earlier one left
 * in its own is deployed again. While it is written or removed it lies elsewhere: a tree that bears its name is whole.
 */
export class Checkouts {
  readonly #root: string
  /** No name of a service: nothing in here ever runs, and a start empties it. */
  readonly #half: string
  readonly #log: Logger

  constructor(data: string, log: Logger) {
    this.#root = join(data, 'checkouts')
    this.#half = join(this.#root, '.half')
    this.#log = log
  }

  /** Before anything else: keeps others out, and removes what a crash left half there. Answers whose trees there are. */
  async open(): Promise<string[]> {
    await mkdir(this.#half, { recursive: true, mode: 0o700 })
    await chmod(this.#root, 0o700)
    for (const name of await readdir(this.#half)) this.#remove(join(this.#half, name))
    return (await readdir(this.#root)).filter((name) => !name.startsWith('.'))
  }

  /** Answers the new tree's directory, once `fill` has filled it. */
  async write(service: string, name: string, fill: (directory: string) => Promise<void>): Promise<string> {
    const folder = join(this.#root, service)
    const part = await mkdtemp(join(this.#half, 'new-'))
    try {
      // Like the folders in it: what runs, or a container that it starts, may do so as somebody else.
      await chmod(part, 0o755)
      await fill(part)
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await rename(part, join(folder, name))
    } catch (error) {
      this.#remove(part)
      throw error
    }
    return join(folder, name)
  }

  /** The same for a tree that only `use` needs. */
  async borrow<T>(
    fill: (directory: string) => Promise<void>,
    use: (directory: string) => Promise<T>,
  ): Promise<T> {
    const part = await mkdtemp(join(this.#half, 'new-'))
    try {
      await fill(part)
      return await use(part)
    } finally {
      this.#remove(part)
    }
  }

  /** Takes away all but the trees of the deployments to keep and the `last` ones beside them. Not while one is written. */
  async clean(service: string, keep: ReadonlySet<string>, last: number): Promise<void> {
    const folder = join(this.#root, service)
    const names = (await readdir(folder).catch(() => [])).sort().reverse()
    const old = names.filter((name) => !keep.has(name.split('-')[0]!)).slice(last)
    for (const name of old) {
      // One that its service made read-only could not be moved.
      await chmod(join(folder, name), 0o700)
      await rename(join(folder, name), join(this.#half, name))
      this.#remove(join(this.#half, name))
    }
    if (old.length === names.length) await rmdir(folder).catch(() => undefined)
  }

  /** In the background: nobody waits for it, and the next start goes on with what is left. */
  #remove(tree: string): void {
    removeTree(tree).catch((error: unknown) => this.#log.warn({ error, tree }, 'a checkout is still there'))
  }
}

/** One file after the other: `rm` of many at once would make everything else wait for the disk. */
async function removeTree(folder: string): Promise<void> {
  await chmod(folder, 0o700)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    await (entry.isDirectory() ? removeTree(path) : unlink(path))
  }
  await rmdir(folder)
}
