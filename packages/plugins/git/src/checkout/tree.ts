import { isUtf8 } from 'node:buffer'
import type { Limits } from '../config.js'
import { overLimit, unsafeTree } from '../errors.js'
import { foldName, nameFault } from './names.js'

/** What `ls-tree` is asked: folders too, because a tree can hold any number of them without a single file. */
export const listing = ['ls-tree', '-r', '-t', '-z', '-l', '--full-tree']

/** One line of the list that is no folder. */
export interface TreeEntry {
  path: string
  kind: 'file' | 'executable' | 'link' | 'submodule'
  sha: string
  /** Bytes; 0 for a submodule. */
  size: number
}

const kinds: Record<string, TreeEntry['kind'] | 'folder'> = {
  '040000': 'folder',
  '100644': 'file',
  '100664': 'file',
  '100755': 'executable',
  '120000': 'link',
  '160000': 'submodule',
}
const links = 4096

/**
 * Reads the list of a tree as it comes, and refuses what is too much or unsafe before anything else happens. A few
 * hundred bytes of objects can stand for any number of folders and files, so every line counts towards some limit.
 */
export async function readTree(list: AsyncIterable<Buffer>, limits: Limits): Promise<TreeEntry[]> {
  const tree = new TreeCheck(limits)
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of list) {
    const data = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    let from = 0
    for (let end; (end = data.indexOf(0, from)) >= 0; from = end + 1) tree.add(data.subarray(from, end))
    rest = data.subarray(from)
    if (rest.length > limits.path + 200) throw overLimit('a path is too long', `${limits.path} bytes`)
  }
  return tree.entries
}

/** A folder that the list is in. */
interface Folder {
  /** What the paths of everything in it begin with. */
  prefix: string
  /** What is in it so far, as a file system that ignores case would call it. */
  names: Set<string>
}

class TreeCheck {
  readonly entries: TreeEntry[] = []
  readonly #limits: Limits
  /**
   * The folders down to the one that the list is in. It goes through a folder as a whole, so what was in one that it has
   * left need not be remembered: to come back to it would be to name it twice.
   */
  readonly #above: Folder[] = [{ prefix: '', names: new Set() }]
  #folders = 0
  #paths = 0
  #total = 0

  constructor(limits: Limits) {
    this.#limits = limits
  }

  add(line: Buffer): void {
    const tab = line.indexOf(9)
    const [mode = '', , sha = '', size = ''] = line.toString('latin1', 0, tab).split(/ +/)
    const path = this.#path(line.subarray(tab + 1))
    const kind = kinds[mode]
    if (!kind) throw unsafeTree(path, `its mode is ${mode}`)
    this.#place(path)
    if (kind === 'folder') return this.#enter(path)
    const entry = { path, kind, sha, size: kind === 'submodule' ? 0 : Number(size) }
    this.#measure(entry)
    this.entries.push(entry)
  }

  #path(bytes: Buffer): string {
    const { path: longest } = this.#limits
    if (bytes.length > longest) throw overLimit('a path is too long', `${longest} bytes`)
    const path = bytes.toString('utf8')
    if (!isUtf8(bytes)) throw unsafeTree(path, 'its name is not UTF-8')
    this.#addPath(bytes.length)
    return path
  }

  #addPath(bytes: number): void {
    const { paths } = this.#limits
    this.#paths += bytes
    if (this.#paths > paths)
      throw overLimit('the paths of the commit are too long together', `${paths} bytes`)
  }

  /** No two names in a folder may mean the same file, here or on a file system that ignores case. */
  #place(path: string): void {
    while (!path.startsWith(this.#above.at(-1)!.prefix)) this.#above.pop()
    const { depth } = this.#limits
    if (this.#above.length - 1 > depth) throw overLimit('a file lies too deep', `${depth} folders`)
    const { prefix, names } = this.#above.at(-1)!
    const parts = path.slice(prefix.length).split('/')
    for (const part of parts) {
      const fault = nameFault(part)
      if (fault) throw unsafeTree(path, fault)
    }
    if (parts.length > 1) throw unsafeTree(path, 'its name holds /, which parts folders')
    const folded = foldName(parts[0]!)
    if (names.has(folded)) throw unsafeTree(path, 'another entry has the same name')
    names.add(folded)
  }

  #enter(path: string): void {
    const { folders } = this.#limits
    if (++this.#folders > folders) throw overLimit('the commit holds too many folders', String(folders))
    this.#above.push({ prefix: `${path}/`, names: new Set() })
  }

  #measure({ path, kind, size }: TreeEntry): void {
    const { files, file, total } = this.#limits
    if (this.entries.length >= files) throw overLimit('the commit holds too many files', String(files))
    const most = kind === 'link' ? links : file
    if (!(size <= most)) throw overLimit(`${JSON.stringify(path)} is too big: ${size} bytes`, `${most} bytes`)
    if (kind === 'link') this.#addPath(size)
    this.#total += size
    if (this.#total > total) throw overLimit('the files of the commit are too big together', `${total} bytes`)
  }
}
