import type { Commit } from '@longshore/core/protocol'
import { parseCommit } from './commit.js'
import { longestCommit, type ObjectReader } from './objects.js'

/** Commits that one walk looks at, at most. */
const widest = 20_000

/** Reads a commit by its sha; undefined when it is not here. */
type Read = (sha: string) => Promise<Commit | undefined>

/** Reads commits and remembers them. */
export function commitsOf(reader: ObjectReader): Read {
  const known = new Map<string, Commit | undefined>()
  return async (sha) => {
    if (known.has(sha)) return known.get(sha)
    reader.ask(sha)
    const head = await reader.head()
    const bytes = head && (await reader.bytes(head.size, longestCommit))
    const commit = bytes && head.type === 'commit' ? parseCommit(sha, bytes) : undefined
    known.set(sha, commit)
    return commit
  }
}

/** The commit and those before it that are here, newest first. */
export async function walk(read: Read, sha: string, limit: number): Promise<Commit[]> {
  const seen = new Set([sha])
  const commits: Commit[] = []
  const first = await read(sha)
  const next = first ? [first] : []
  while (next.length > 0 && commits.length < limit) {
    const commit = next.shift()!
    commits.push(commit)
    for (const parent of commit.parents) {
      if (seen.has(parent) || seen.size > widest) continue
      seen.add(parent)
      const found = await read(parent)
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
    const at = next.pop()!
    if (at === ancestor) return true
    if (before.has(at)) continue
    const commit = await read(at)
    if (!commit || seen.size > widest) open = true
    else {
      for (const parent of commit.parents) {
        if (seen.has(parent)) continue
        seen.add(parent)
        next.push(parent)
      }
    }
  }
  return open ? undefined : false
}
