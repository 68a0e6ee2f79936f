import { Asked } from '../repository/asked.js'
import type { TreeEntry } from './tree.js'

/** Bytes of one commit that is kept, and of all of them. */
const most = { one: 512 * 1024, all: 4 * 2 ** 20 }
/** Bytes that an entry takes beside those of its file. */
const entrySize = 300

/** What there is to write out of a commit. */
export interface CommitFiles {
  entries: TreeEntry[]
  /** What git prints of them, one after the other; absent where that is much, and read while it is written. */
  printed?: Buffer
}

/**
 * Commits that are being listed, and those with few bytes that were listed last: often many services of one repository are
 * brought to the same commit.
 */
export class ListedCommits {
  readonly #asked = new Asked<CommitFiles>()
  readonly #small = new Map<string, CommitFiles>()
  #size = 0

  /** `list` is for all who ask: it must not end because one of them goes away. */
  async answer(commit: string, list: () => Promise<CommitFiles>): Promise<CommitFiles> {
    return (
      this.#small.get(commit) ??
      this.#asked.answer(commit, () => list().then((files) => this.#keep(commit, files)))
    )
  }

  /** Lets the oldest go when there are too many. */
  #keep(commit: string, files: CommitFiles): CommitFiles {
    if (!files.printed) return files
    this.#small.set(commit, files)
    this.#size += sizeOf(files.entries)
    for (const [oldest, { entries }] of this.#small) {
      if (this.#size <= most.all) break
      this.#small.delete(oldest)
      this.#size -= sizeOf(entries)
    }
    return files
  }
}

export function isSmall(entries: readonly TreeEntry[]): boolean {
  return sizeOf(entries) <= most.one
}

/** Also what git prints of them at most: a head stands before each file. */
export function sizeOf(entries: readonly TreeEntry[]): number {
  return entries.reduce((sum, { size }) => sum + size + entrySize, 0)
}
