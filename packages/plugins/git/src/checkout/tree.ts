import type { Limits } from '../config.js'
import { overLimit, unsafeTree } from '../errors.js'
import { nameFault } from './names.js'

/** One line of `git ls-tree -r -z -l`. */
export interface TreeEntry {
  path: string
  kind: 'file' | 'executable' | 'link' | 'submodule'
  sha: string
  /** Bytes; 0 for a submodule. */
  size: number
}

const kinds: Record<string, TreeEntry['kind']> = {
  '100644': 'file',
  '100664': 'file',
  '100755': 'executable',
  '120000': 'link',
  '160000': 'submodule',
}
const links = 4096

/** Reads the list of a tree as it comes, and refuses what is too much or unsafe before anything else happens. */
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

class TreeCheck {
  readonly entries: TreeEntry[] = []
  readonly #limits: Limits
  /** Every file and folder so far, by what a file system that ignores case would call it. */
  readonly #folded = new Map<string, { path: string; folder: boolean }>()
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
    const entry = { path, kind, sha, size: kind === 'submodule' ? 0 : Number(size) }
    this.#measure(entry)
    this.#place(path)
    this.entries.push(entry)
  }

  #path(bytes: Buffer): string {
    const { path: longest, depth } = this.#limits
    if (bytes.length > longest) throw overLimit('a path is too long', `${longest} bytes`)
    const path = bytes.toString('utf8')
    if (!Buffer.from(path).equals(bytes)) throw unsafeTree(path, 'its name is not UTF-8')
    const parts = path.split('/')
    if (parts.length - 1 > depth) throw overLimit('a file lies too deep', `${depth} folders`)
    for (const part of parts) {
      const fault = nameFault(part)
      if (fault) throw unsafeTree(path, fault)
    }
    return path
  }

  #measure({ path, kind, size }: TreeEntry): void {
    const { files, file, total } = this.#limits
    if (this.entries.length >= files) throw overLimit('the commit holds too many files', String(files))
    const most = kind === 'link' ? links : file
    if (!(size <= most)) throw overLimit(`${JSON.stringify(path)} is too big: ${size} bytes`, `${most} bytes`)
    this.#total += size
    if (this.#total > total) throw overLimit('the files of the commit are too big together', `${total} bytes`)
  }

  /** No two names may mean the same file, here or on a file system that ignores case. */
  #place(path: string): void {
    this.#claim(path, false)
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      if (!this.#claim(path.slice(0, end), true)) return
    }
  }

  /** Whether the place was free; it may be taken only by the same folder. */
  #claim(path: string, folder: boolean): boolean {
    const key = path.normalize('NFC').toLowerCase()
    const taken = this.#folded.get(key)
    if (!taken) this.#folded.set(key, { path, folder })
    else if (taken.path !== path || !taken.folder || !folder)
      throw unsafeTree(path, 'another entry has the same name')
    return !taken
  }
}
