import { createHash } from 'node:crypto'
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { GitProvider, Nudges, Sighting, Source } from '../../contracts/git-provider.js'
import { InputError, MissingError, UnavailableError } from '../../kernel/errors.js'
import type { Commit, CommitHistory } from '../../protocol/index.js'

/** A file's text, or its text and that it may be executed. */
export type FakeFile = string | { content: string; executable: true }

interface Kept {
  commit: Commit
  /** The commit's object. Its tree is no real one: it only changes when the files do. */
  object: Buffer
  files: Record<string, FakeFile>
}

export interface FakeCommit {
  message?: string
  parent?: string | null
  sign?(payload: Buffer): string
}

const author = 'Ines <ines@git.example>'

/** Repositories in memory behind the GitProvider contract: one per address, made by the first commit to it. */
export class FakeGit implements GitProvider {
  readonly #commits = new Map<string, Kept>()
  readonly #refs = new Map<string, string>()
  readonly #away = new Map<string, { code: string; reason: string }>()
  readonly #moved = new Set<() => void>()
  /** Looks only when it begins to watch and when it is nudged, as if the next poll were far away. */
  lazy = false
  /** Looks so far, by address. */
  readonly looks = new Map<string, number>()
  #time = Date.UTC(2026, 0, 1)

  /**
   * Commits these files onto the branch (or onto `parent`; null: onto nothing) and answers the sha. `sign` is given what a
   * signature is about, and answers it as it stands in a commit.
   */
  commit(
    url: string,
    branch: string,
    files: Record<string, FakeFile>,
    { message = 'Change', parent, sign }: FakeCommit = {},
  ): string {
    const before = parent === undefined ? this.#refs.get(`${url} ${branch}`) : (parent ?? undefined)
    const parents = before ? [before] : []
    const time = (this.#time += 1000)
    const who = `${author} ${time / 1000} +0000`
    const tree = createHash('sha1').update(JSON.stringify(files)).digest('hex')
    const lines = [
      `tree ${tree}`,
      ...parents.map((each) => `parent ${each}`),
      `author ${who}`,
      `committer ${who}`,
    ]
    const object = (more: string[]) => Buffer.from([...lines, ...more, '', message].join('\n'))
    const signature = sign?.(object([]))
    const signed = object(signature ? [`gpgsig ${signature.trimEnd().replaceAll('\n', '\n ')}`] : [])
    const sha = createHash('sha1').update(`commit ${signed.length}\0`).update(signed).digest('hex')
    const commit = { sha, author, time: new Date(time).toISOString(), message, parents }
    this.#commits.set(sha, { commit, object: signed, files })
    this.point(url, branch, sha)
    return sha
  }

  point(url: string, ref: string, sha: string): void {
    this.#refs.set(`${url} ${ref}`, sha)
    this.#tell()
  }

  remove(url: string, ref: string): void {
    this.#refs.delete(`${url} ${ref}`)
    this.#tell()
  }

  /** The repository's server goes away, or comes back. */
  away(url: string, code = 'GIT_UNREACHABLE', reason = 'the git server does not answer'): void {
    this.#away.set(url, { code, reason })
    this.#tell()
  }

  back(url: string): void {
    this.#away.delete(url)
    this.#tell()
  }

  async *watch(source: Source, signal: AbortSignal, nudges?: Nudges): AsyncGenerator<Sighting, void> {
    let code: string | undefined
    let head: string | undefined
    while (!signal.aborted) {
      const moved = this.lazy && nudges ? nudges.heard(signal) : this.#nextMove(signal)
      this.looks.set(source.url, (this.looks.get(source.url) ?? 0) + 1)
      const seen = this.#look(source)
      if ('code' in seen) {
        if (code !== seen.code) yield { kind: 'unreachable', code: (code = seen.code), reason: seen.reason }
      } else {
        if (code) yield { kind: 'reachable' }
        code = undefined
        if (head !== seen.sha) yield { kind: 'head', sha: (head = seen.sha) }
      }
      await moved
    }
  }

  async fetch(source: Source, sha: string, signal: AbortSignal): Promise<Commit> {
    signal.throwIfAborted()
    const away = this.#away.get(source.url)
    if (away) throw new UnavailableError(away.code, away.reason)
    return this.#kept(sha).commit
  }

  async object(_source: Source, sha: string, signal: AbortSignal): Promise<Buffer> {
    signal.throwIfAborted()
    return this.#kept(sha).object
  }

  async changed(_source: Source, from: string, to: string): Promise<string[] | undefined> {
    const [a, b] = [this.#commits.get(from)?.files, this.#commits.get(to)?.files]
    if (!a || !b) return undefined
    const differs = (path: string) => JSON.stringify(a[path]) !== JSON.stringify(b[path])
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter(differs).sort()
  }

  async contains(source: Source, sha: string, ancestor: string, signal: AbortSignal): Promise<boolean> {
    const { commits } = await this.history(source, sha, Infinity, signal)
    return commits.some((commit) => commit.sha === ancestor)
  }

  async checkout(_source: Source, sha: string, directory: string, signal: AbortSignal) {
    signal.throwIfAborted()
    const { files } = this.#kept(sha)
    await mkdir(directory, { recursive: true })
    if ((await readdir(directory)).length > 0) {
      throw new InputError('GIT_DIRECTORY_NOT_EMPTY', `${directory} is not empty`, {
        hint: 'Name an empty directory.',
      })
    }
    let bytes = 0
    for (const [path, file] of Object.entries(files)) {
      const content = typeof file === 'string' ? file : file.content
      await mkdir(dirname(join(directory, path)), { recursive: true })
      await writeFile(join(directory, path), content)
      if (typeof file !== 'string') await chmod(join(directory, path), 0o755)
      bytes += Buffer.byteLength(content)
    }
    return { files: Object.keys(files).length, bytes, left: [] }
  }

  async history(source: Source, sha: string, limit: number, signal: AbortSignal): Promise<CommitHistory> {
    signal.throwIfAborted()
    const commits: Commit[] = []
    for (let at: string | undefined = sha; at && commits.length < limit; at = commits.at(-1)!.parents[0]) {
      commits.push(this.#kept(at).commit)
    }
    const fault = this.#away.get(source.url)
    return fault && commits.length < limit ? { commits, fault } : { commits }
  }

  #look(source: Source): { sha: string } | { code: string; reason: string } {
    const away = this.#away.get(source.url)
    if (away) return away
    const sha = this.#commits.has(source.ref) ? source.ref : this.#refs.get(`${source.url} ${source.ref}`)
    return sha ? { sha } : { code: 'GIT_REF_MISSING', reason: `there is no branch or tag ${source.ref}` }
  }

  #kept(sha: string): Kept {
    const kept = this.#commits.get(sha)
    if (kept) return kept
    throw new MissingError('GIT_COMMIT_MISSING', `the repository has no commit ${sha}`, {
      hint: 'Push it first.',
    })
  }

  #tell(): void {
    for (const resolve of this.#moved) resolve()
    this.#moved.clear()
  }

  /** Resolves when something moved, or the watch ends. */
  #nextMove(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#moved.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      this.#moved.add(done)
      signal.addEventListener('abort', done, { once: true })
    })
  }
}
