import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'

/** One directory per service and commit: written once, read-only by agreement, cleaned by policy. */
export class Checkouts {
  readonly #root: string

  constructor(data: string) {
    this.#root = join(data, 'checkouts')
  }

  /** The commit's directory; `write` fills it when it is not there yet. A crash half-way leaves only a `.part`. */
  async ensure(service: string, sha: string, write: (directory: string) => Promise<void>): Promise<string> {
    const directory = join(this.#root, service, sha)
    if (await stat(directory).catch(() => undefined)) {
      await utimes(directory, new Date(), new Date())
      return directory
    }
    const part = `${directory}.part`
    await rm(part, { recursive: true, force: true })
    await mkdir(part, { recursive: true, mode: 0o755 })
    try {
      await write(part)
      await rename(part, directory)
    } catch (error) {
      await rm(part, { recursive: true, force: true })
      throw error
    }
    return directory
  }

  /** Removes all but the commits to keep and the `last` ones used last. */
  async clean(service: string, keep: ReadonlySet<string>, last: number): Promise<void> {
    const folder = join(this.#root, service)
    const names = (await readdir(folder).catch(() => [])).filter(
      (name) => !keep.has(name) && !name.endsWith('.part'),
    )
    const used = await Promise.all(
      names.map(async (name) => ({ name, at: (await stat(join(folder, name))).mtimeMs })),
    )
    const old = used.sort((a, b) => b.at - a.at).slice(last)
    await Promise.all(old.map(({ name }) => rm(join(folder, name), { recursive: true, force: true })))
  }
}
