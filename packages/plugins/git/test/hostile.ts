import type { GitRepository } from '@longshore/core/testkit'

export type RawEntry = [mode: string, name: string | Buffer, sha: string]

/** Writes a tree object byte by byte, so that it may hold what git's own commands would refuse. */
export async function rawTree(repository: GitRepository, entries: RawEntry[]): Promise<string> {
  const parts = entries.flatMap(([mode, name, sha]) => [
    Buffer.from(`${mode} `),
    Buffer.from(name as string),
    Buffer.from([0]),
    Buffer.from(sha, 'hex'),
  ])
  return object(repository, 'tree', Buffer.concat(parts))
}

export function blob(repository: GitRepository, content: string | Buffer): Promise<string> {
  return object(repository, 'blob', Buffer.from(content as string))
}

/** Commits a tree and points the branch there. */
export async function commitTree(repository: GitRepository, tree: string, branch = 'main'): Promise<string> {
  const sha = (await repository.git(['commit-tree', tree, '-m', 'Odd'])).toString().trim()
  await repository.point(`refs/heads/${branch}`, sha)
  return sha
}

/** Writes any object as it is. */
export async function object(repository: GitRepository, type: string, bytes: Buffer): Promise<string> {
  const answer = await repository.git(['hash-object', '-t', type, '-w', '--stdin', '--literally'], bytes)
  return answer.toString().trim()
}

/** So many entries of a tree that are all the same object. */
export function entries(count: number, mode: string, sha: string, stem = ''): RawEntry[] {
  return Array.from({ length: count }, (_, i) => [mode, stem + String(i).padStart(4, '0'), sha])
}

/** Folders above a tree, so many levels, each naming the one below so many times. */
export async function nest(
  repository: GitRepository,
  tree: string,
  levels: number,
  width: number,
): Promise<string> {
  let top = tree
  for (let level = 0; level < levels; level++) top = await rawTree(repository, entries(width, '40000', top))
  return top
}
