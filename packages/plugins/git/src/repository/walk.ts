import type { Commit } from '@longshore/core/protocol'
import { parseCommit } from './commit.js'
import { longestCommit, type ObjectReader } from './objects.js'

/** Commits that one walk looks at, at most: one that lists, and one that looks for an ancestor. */
const widest = { list: 20_000, search: 1_000_000 }
/** Commits that are asked for at once. */
const batch = 500

/** Reads commits by their shas, in that order; undefined for one that is not here. */
type Read = (shas: string[]) => Promise<(Commit | undefined)[]>

/** Reads commits. */
export function commitsOf(reader: ObjectReader): Read {
  return async (shas) => {
    for (const sha of shas) reader.ask(sha)
    const commits: (Commit | undefined)[] = []
    for (const sha of shas) {
      const head = await reader.head()
      const bytes = head && (await reader.bytes(head.size, longestCommit))
      commits.push(bytes && head.type === 'commit' ? parseCommit(sha, bytes) : undefined)
    }
    return commits
  }
}

/** The commit and those before it that are here, newest first. */
export async function walk(read: Read, sha: string, limit: number): Promise<Commit[]> {
  const seen = new Set([sha])
  const commits: Commit[] = []
  const [first] = await read([sha])
  const next = first ? [first] : []
  while (next.length > 0 && commits.length < limit) {
    const commit = next.shift()!
    commits.push(commit)
    for (const parent of commit.parents) {
      if (seen.has(parent) || seen.size > widest.list) continue
      seen.add(parent)
      const [found] = await read([parent])
      if (found) next.splice(place(next, found), 0, found)
    }
  }
  return commits
}

/** Behind all that are as new: a parent never comes before its child of the same second. */
function place(commits: Commit[], { time }: Commit): number {
  const at = commits.findIndex((each) => each.time < time)
  return at < 0 ? commits.length : at
}

/**
 * Whether `ancestor` is in the history of `sha`; undefined when the commits that are here do not tell. A path that meets
 * a commit *before* the ancestor cannot lead to it any more, so a rewritten branch is told from a few commits.
 */
export async function isAncestor(read: Read, sha: string, ancestor: string): Promise<boolean | undefined> {
  const before = new Set((await walk(read, ancestor, 200)).flatMap(({ parents }) => parents))
  const seen = new Set([sha])
  let open = false
  for (let next = [sha]; next.length > 0;) {
    const at = next.splice(-batch)
    if (at.includes(ancestor)) return true
    const commits = await read(at.filter((each) => !before.has(each)))
    for (const commit of commits) {
      if (!commit || seen.size > widest.search) open = true
      else
        for (const parent of commit.parents) {
          if (seen.has(parent)) continue
          seen.add(parent)
          next.push(parent)
        }
    }
  }
  return open ? undefined : false
}
