import { ObjectReader } from './objects.js'
import type { Repository } from './repository.js'

/**
 * What a comparison may cost: the bytes of the folders' objects and of the paths, and a block for each folder. Folders
 * can name each other so that a few hundred bytes stand for more of them than can be counted; git itself would collect
 * all of that in memory before it says the first word.
 */
const most = 32 * 2 ** 20
const block = 4096
/** Milliseconds. */
const deadline = 60_000

interface Entry {
  folder: boolean
  /** Its mode and sha: where they are the same, nothing has changed. */
  id: string
  sha: string
}

type Folder = ReadonlyMap<string, Entry>
const empty: Folder = new Map()

/** The paths that differ between two commits that are here; undefined when they differ in too much, or cannot be read. */
export async function changedPaths(
  repository: Repository,
  from: string,
  to: string,
  signal: AbortSignal,
): Promise<string[] | undefined> {
  try {
    return await repository.stream(['cat-file', '--batch'], signal, deadline, (stream) =>
      new Comparison(new ObjectReader(stream)).paths(`${from}^{tree}`, `${to}^{tree}`),
    )
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}

class Comparison {
  readonly #objects: ObjectReader
  #left = most

  constructor(objects: ObjectReader) {
    this.#objects = objects
  }

  async paths(from: string, to: string): Promise<string[]> {
    const paths: string[] = []
    const differ: { path: string; from?: string; to?: string }[] = [{ path: '', from, to }]
    for (let next; (next = differ.pop());) {
      const before = await this.#folder(next.from)
      const after = await this.#folder(next.to)
      for (const name of new Set([...before.keys(), ...after.keys()])) {
        const [a, b] = [before.get(name), after.get(name)]
        if (a?.id === b?.id) continue
        const path = next.path + name
        this.#spend(path.length)
        if ((a && !a.folder) || (b && !b.folder)) paths.push(path)
        const inside = { from: a?.folder ? a.sha : undefined, to: b?.folder ? b.sha : undefined }
        if (inside.from ?? inside.to) differ.push({ path: `${path}/`, ...inside })
      }
    }
    return paths
  }

  async #folder(name: string | undefined): Promise<Folder> {
    if (name === undefined) return empty
    this.#objects.ask(name)
    const head = await this.#objects.head()
    if (head?.type !== 'tree') throw new Error(`${name} is no folder that is here`)
    this.#spend(block + head.size)
    return parseTree(await this.#objects.bytes(head.size), head.sha.length / 2)
  }

  #spend(cost: number): void {
    this.#left -= cost
    if (this.#left < 0) throw new Error('the commits differ in too much')
  }
}

/** Of each entry: its mode, a space, its name, NUL, its sha in so many bytes. */
function parseTree(bytes: Buffer, shaLength: number): Folder {
  const entries = new Map<string, Entry>()
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(32, at)
    const end = bytes.indexOf(0, space)
    if (space < 0 || end < 0) break
    const mode = Number.parseInt(bytes.toString('latin1', at, space), 8)
    at = end + 1 + shaLength
    const sha = bytes.toString('hex', end + 1, at)
    const folder = (mode & 0o170000) === 0o040000
    entries.set(bytes.toString('utf8', space + 1, end), { folder, id: `${mode} ${sha}`, sha })
  }
  return entries
}
