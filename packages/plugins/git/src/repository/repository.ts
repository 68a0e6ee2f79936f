import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { GitStream } from '../client.js'
import type { Git } from '../git.js'
import { commitMissing } from '../errors.js'
import type { Remote } from '../remote/remote.js'
import { bounded } from './size.js'

/**
 * Commits kept of those that were only looked at, and as many of those that were written out, which may be what runs; and
 * how many more before the oldest are let go.
 */
const keptCommits = 30
const slack = 30
/** The end of the ref of a commit that was written out. */
const written = '-written'
/** Milliseconds for what only reads or writes this disk. */
const localDeadline = 120_000

/**
 * The objects of one remote repository: bare, and of each commit only itself and its tree. Writers take turns; readers
 * go on beside a fetch, and only the removal of old commits waits for none of them.
 */
export class Repository {
  readonly folder: string
  readonly #git: Git
  #turn: Promise<unknown> = Promise.resolve()
  #cleaning: Promise<unknown> = Promise.resolve()
  #readers = 0
  /** The commits that are here, by sha: the names of their refs, which begin with the time they came or were written out. */
  #kept: Map<string, string> | undefined

  constructor(git: Git, folder: string) {
    this.#git = git
    this.folder = folder
  }

  /** Brings the commit and its tree, unless they are here. `ref` helps with servers that give no commit by its id. */
  async fetch(
    remote: Remote,
    ref: string,
    sha: string,
    limits: FetchLimits,
    signal: AbortSignal,
  ): Promise<void> {
    signal.throwIfAborted()
    if (this.#kept?.has(sha)) return
    await this.#inTurn(async () => {
      signal.throwIfAborted()
      const kept = await this.#open(sha, signal)
      if (kept.has(sha)) return
      const name = `refs/kept/${Date.now()}-${sha}`
      try {
        await this.#bring(remote, ref, sha, name, limits, signal)
      } catch (error) {
        if ((error as { code?: string }).code !== 'GIT_FAILED') throw error
        // Whatever is wrong with it (a crash may leave anything): it holds nothing that the server does not have.
        await this.#startAnew()
        await this.#open(sha, signal)
        await this.#bring(remote, ref, sha, name, limits, signal)
      }
      this.#kept!.set(sha, name)
    })
    this.#clean()
  }

  /** The commit was written out: it shall be there to be written out again. In turn, because git must not miss its ref. */
  keep(sha: string): void {
    const keeping = this.#inTurn(async () => {
      const name = this.#kept?.get(sha)
      if (!name) return
      const kept = `refs/kept/${Date.now()}-${sha}${written}`
      await rename(join(this.folder, name), join(this.folder, kept))
      this.#kept?.delete(sha)
      this.#kept?.set(sha, kept)
    })
    keeping.catch(() => undefined)
  }

  /** Somebody follows it: it is in use, though nothing new may come for long. */
  async touch(): Promise<void> {
    await utimes(join(this.folder, 'refs/kept'), new Date(), new Date()).catch(() => undefined)
  }

  /** Runs git on the objects, for reading. */
  async read(args: string[], signal: AbortSignal, output: number, input?: string): Promise<Buffer> {
    const call = { args: this.#here(args), signal, timeout: localDeadline, output }
    return this.#reading(() => this.#git.run(input === undefined ? call : { ...call, input }))
  }

  /** The same with pipes. `more`: a folder of another repository whose objects are seen too. */
  stream<T>(
    args: string[],
    signal: AbortSignal,
    timeout: number,
    use: (stream: GitStream) => Promise<T>,
    more?: string,
  ) {
    const env: Record<string, string> =
      more === undefined ? {} : { GIT_ALTERNATE_OBJECT_DIRECTORIES: JSON.stringify(join(more, 'objects')) }
    return this.#reading(() => this.#git.stream({ args: this.#here(args), env, signal, timeout }, use))
  }

  async #bring(
    remote: Remote,
    ref: string,
    sha: string,
    name: string,
    limits: FetchLimits,
    signal: AbortSignal,
  ) {
    try {
      await this.#pull(remote, [`+${sha}:${name}`], 1, limits, signal)
    } catch (error) {
      if ((error as { code?: string }).code !== 'GIT_COMMIT_MISSING') throw error
      await this.#dig(remote, ref, sha, limits, signal)
      await this.#git.run({ args: this.#here(['update-ref', name, sha]), signal, timeout: localDeadline })
    }
  }

  /** For servers that give no commit by its id: the ref, and then some way back from it. */
  async #dig(
    remote: Remote,
    ref: string,
    sha: string,
    limits: FetchLimits,
    signal: AbortSignal,
  ): Promise<void> {
    const around = await remote.around(ref, sha, signal)
    for (const depth of [1, 50]) {
      await this.#pull(
        remote,
        [`+${around}:${around.replace(/^refs\//, 'refs/dug/')}`],
        depth,
        limits,
        signal,
      )
      const found = await this.read(['cat-file', '-t', sha], signal, 100).catch(() => undefined)
      if (found?.toString() === 'commit\n') return
    }
    throw commitMissing(`${sha} is not at the end of ${ref}`)
  }

  async #pull(
    remote: Remote,
    refspecs: string[],
    depth: number,
    { timeout, bytes }: FetchLimits,
    signal: AbortSignal,
  ) {
    const args = this.#here([...fetchArguments, `--depth=${depth}`, '--', remote.address.url, ...refspecs])
    await bounded(join(this.folder, 'objects/pack'), bytes, signal, (inner) =>
      remote.reach(inner, ({ config, env, secret }) =>
        this.#git.run({ args, config, env, secret, host: remote.address.host, timeout, signal: inner }),
      ),
    )
  }

  #here(args: string[]): string[] {
    return [`--git-dir=${this.folder}`, ...args]
  }

  /** The commits that are here. Makes the repository, or clears what a crash left in it. */
  async #open(sha: string, signal: AbortSignal): Promise<Map<string, string>> {
    if (this.#kept) return this.#kept
    const kept = join(this.folder, 'refs/kept')
    if (!(await exists(kept))) {
      await this.#startAnew()
      await makeBare(this.#git, this.folder, sha, signal)
      await mkdir(kept)
    }
    await removeLeftovers(this.folder)
    const names = (await readdir(kept)).sort()
    return (this.#kept = new Map(names.map((name) => [name.split('-')[1]!, `refs/kept/${name}`])))
  }

  async #startAnew(): Promise<void> {
    this.#kept = undefined
    await rm(this.folder, { recursive: true, force: true })
  }

  /** Lets the oldest commits go, with their objects, when there are many and nobody reads. */
  #clean(): void {
    const oldest = () => {
      const kept = [...(this.#kept ?? [])]
      const ofKind = (out: boolean) => kept.filter(([, name]) => name.endsWith(written) === out)
      return [true, false].flatMap((out) => ofKind(out).slice(0, -keptCommits))
    }
    if (oldest().length < slack) return
    const cleaning = this.#inTurn(async () => {
      if (this.#readers > 0 || !this.#kept) return
      for (const [sha, name] of oldest()) {
        await rm(join(this.folder, name), { force: true })
        this.#kept.delete(sha)
      }
      const { signal } = new AbortController()
      await this.#git.run({
        args: this.#here(['gc', '--quiet', '--prune=now']),
        signal,
        timeout: 10 * localDeadline,
      })
    })
    this.#cleaning = cleaning.catch(() => undefined)
  }

  async #reading<T>(work: () => Promise<T>): Promise<T> {
    await this.#cleaning
    this.#readers++
    try {
      return await work()
    } finally {
      this.#readers--
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => undefined)
    return result
  }
}

/** What one fetch may take. */
export interface FetchLimits {
  /** Milliseconds. */
  timeout: number
  /** Bytes on the disk. */
  bytes: number
}

/** For every fetch: it brings what it was told to, writes no other ref and starts no housekeeping. */
export const fetchArguments = [
  'fetch',
  '--quiet',
  '--no-tags',
  '--no-write-fetch-head',
  '--no-auto-maintenance',
  '--no-recurse-submodules',
]

/** An empty bare repository, without the samples that git lays into new ones. */
export async function makeBare(git: Git, folder: string, sha: string, signal: AbortSignal): Promise<void> {
  const format = sha.length === 64 ? ['--object-format=sha256'] : []
  const args = ['init', '--quiet', '--bare', '--template=', ...format, '--', folder]
  await git.run({ args, signal, timeout: localDeadline })
}

/** Locks and half-written packs that a killed git left behind; nobody else works here. */
export async function removeLeftovers(folder: string): Promise<void> {
  for (const place of ['', 'refs/kept', 'objects/pack']) {
    const names = await readdir(join(folder, place)).catch(() => [])
    const left = names.filter((name) => name.endsWith('.lock') || name.startsWith('tmp_'))
    for (const name of left) await rm(join(folder, place, name), { force: true })
  }
}

export function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
