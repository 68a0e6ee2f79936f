import { createHash } from 'node:crypto'
import { join } from 'node:path'
import {
  describeError,
  within,
  type CheckoutReport,
  type Clock,
  type GitProvider as GitContract,
  type Logger,
  type Nudges,
  type Sighting,
  type Source,
} from '@longshore/core'
import { judgeGitUrl, Sha, type Commit, type CommitHistory } from '@longshore/core/protocol'
import { checkout, listFiles } from './checkout/checkout.js'
import { ListedCommits } from './checkout/listed.js'
import type { GitConfig } from './config.js'
import { addressOf, checkRef, checkSha } from './input.js'
import { HttpRefs } from './remote/ls-refs.js'
import type { HttpClient } from './remote/http.js'
import { Remote, type RemoteParts } from './remote/remote.js'
import { Asked } from './repository/asked.js'
import { changedPaths } from './repository/changed.js'
import { readCommit, readObject } from './repository/commit.js'
import { History } from './repository/history.js'
import { ObjectReader } from './repository/objects.js'
import { Repository } from './repository/repository.js'
import { commitsOf, isAncestor, walk } from './repository/walk.js'
import { Looks } from './watch/looks.js'
import { Poller } from './watch/poller.js'
import { SlackTimer } from './watch/slack-timer.js'
import { Sightings } from './watch/sightings.js'

const localDeadline = 60_000
/** Milliseconds until somebody gives up what is bounded by itself; it may wait in a queue before. */
const sharedDeadline = 10 * localDeadline
/** Milliseconds that somebody who looks at a history waits for what has to be brought. */
const patience = 15_000

export interface ProviderParts extends RemoteParts {
  config: GitConfig
  /** The folder of this plugin. */
  folder: string
  http: HttpClient
  clock: Clock
  log: Logger
  /** Follows folders of this machine too: for tests. */
  files?: boolean
}

/** What is known of one repository: its server, its objects here, the commits before them. */
interface Known {
  remote: Remote
  repository: Repository
  history: History
  /** The commits fetched last, by sha: most questions are about them, and need no run of git. */
  fetched: Map<string, Commit>
  reading: Asked<Commit>
  comparing: Asked<string[] | undefined>
}

/** Commits remembered of one repository. */
const remembered = 100

/** Follows repositories and writes out their commits; see the contract. */
export class GitProvider implements GitContract {
  readonly looks: Looks
  readonly #parts: ProviderParts
  readonly #known = new Map<string, Known>()
  readonly #pollers = new Map<string, Poller>()
  readonly #timer: SlackTimer
  readonly #listed = new ListedCommits()

  constructor(parts: ProviderParts) {
    this.#parts = parts
    this.#timer = new SlackTimer(parts.clock)
    this.looks = new Looks(parts.clock)
  }

  async *watch(source: Source, signal: AbortSignal, nudges?: Nudges): AsyncGenerator<Sighting, void> {
    const sightings = new Sightings()
    const leave = this.#follow(source, sightings, signal, nudges)
    try {
      yield* sightings.read(signal)
    } finally {
      leave()
    }
  }

  async fetch(source: Source, sha: string, signal: AbortSignal): Promise<Commit> {
    const known = await this.#bring(source, sha, signal)
    const read = (lasting: AbortSignal) => known.reading.answer(sha, () => remember(known, sha, lasting))
    return known.fetched.get(sha) ?? shared(signal, read)
  }

  async object(source: Source, sha: string, signal: AbortSignal): Promise<Uint8Array> {
    const { repository } = await this.#bring(source, sha, signal)
    return readObject(repository, sha, signal)
  }

  async changed(
    source: Source,
    from: string,
    to: string,
    signal: AbortSignal,
  ): Promise<string[] | undefined> {
    const { repository, comparing } = this.#of(source)
    const [before, after] = [checkSha(from), checkSha(to)]
    return shared(signal, (lasting) =>
      comparing.answer(`${before} ${after}`, () => changedPaths(repository, before, after, lasting)),
    )
  }

  async contains(
    source: Source,
    sha: string,
    ancestor: string,
    signal: AbortSignal,
    deep = false,
  ): Promise<boolean | undefined> {
    const look = () => this.#commits(source, signal, (reader) => isAncestor(commitsOf(reader), sha, ancestor))
    checkSha(sha)
    if (this.#of(source).fetched.get(sha)?.parents.includes(checkSha(ancestor))) return true
    try {
      const near = await look()
      if (near !== undefined) return near
      await this.#bringHistory(source, [sha, ancestor], signal)
      const further = await look()
      if (further !== undefined || !deep) return further
      await this.#bringHistory(source, [sha], signal, 'all')
      return await look()
    } catch {
      signal.throwIfAborted()
      return undefined
    }
  }

  async checkout(
    source: Source,
    sha: string,
    directory: string,
    signal: AbortSignal,
  ): Promise<CheckoutReport> {
    const { repository } = await this.#bring(source, sha, signal)
    const { config } = this.#parts
    const read = (lasting: AbortSignal) => () => listFiles(repository, sha, config, lasting)
    const list = () =>
      shared(signal, (lasting) => this.#listed.answer(`${repository.folder} ${sha}`, read(lasting)))
    const report = await checkout(repository, list, directory, config, signal)
    repository.keep(sha)
    return report
  }

  async history(source: Source, sha: string, limit: number, signal: AbortSignal): Promise<CommitHistory> {
    const { history, remote } = this.#of(source)
    let fault: Error | undefined
    // Who asks goes away, or has waited long enough: what was begun goes on, and is there for the next one.
    const { signal: lasting } = new AbortController()
    const bringing = async () => {
      await this.#bring(source, sha, lasting)
      await history.bring(remote, source.ref, sha, lasting)
    }
    await within(patience, 'bringing the history', bringing, signal).catch((error: Error) => (fault = error))
    signal.throwIfAborted()
    const look = (reader: ObjectReader) => walk(commitsOf(reader), checkSha(sha), limit)
    const commits = await this.#commits(source, signal, look).catch((error: unknown) => {
      throw fault ?? error
    })
    if (fault && commits.length === 0) throw fault
    return fault && commits.length < limit ? { commits, fault: describeError(fault) } : { commits }
  }

  #of(source: Source): Known {
    const { folder, git, http, clock, secrets, askpass, files } = this.#parts
    const { url, insecure, credential } = source
    const address = addressOf(judgeGitUrl(url, { insecure, credential: credential?.kind, file: files }))
    const id = JSON.stringify([address.url, credential])
    let known = this.#known.get(id)
    if (!known) {
      const refs =
        address.kind === 'https' || address.kind === 'http'
          ? new HttpRefs(http, clock, address.url)
          : undefined
      // By address and credential: what one credential was let see is not read by way of another.
      const place = join(folder, createHash('sha256').update(id).digest('hex').slice(0, 32))
      known = {
        remote: new Remote(address, credential, refs, { git, secrets, askpass }),
        repository: new Repository(git, `${place}.git`),
        history: new History(git, `${place}.history`),
        fetched: new Map(),
        reading: new Asked(),
        comparing: new Asked(),
      }
      this.#known.set(id, known)
    }
    return known
  }

  async #bring(source: Source, sha: string, signal: AbortSignal): Promise<Known> {
    const known = this.#of(source)
    const { timeout, limits } = this.#parts.config
    const bounds = { timeout, bytes: limits.total }
    await known.repository.fetch(known.remote, checkRef(source.ref), checkSha(sha), bounds, signal)
    return known
  }

  /** Does its best: who asks gets what is here. */
  async #bringHistory(source: Source, shas: string[], signal: AbortSignal, reach?: 'all'): Promise<void> {
    const { history, remote } = this.#of(source)
    for (const sha of shas) {
      await history.bring(remote, source.ref, sha, signal, reach).catch((error: unknown) => {
        signal.throwIfAborted()
        this.#parts.log.debug(describeError(error), 'the commits before one could not be brought')
      })
    }
  }

  #commits<T>(source: Source, signal: AbortSignal, use: (reader: ObjectReader) => Promise<T>): Promise<T> {
    const { repository, history } = this.#of(source)
    const run = ['cat-file', '--batch']
    return repository.stream(
      run,
      signal,
      localDeadline,
      (stream) => use(new ObjectReader(stream)),
      history.folder,
    )
  }

  /** Feeds the sightings until the answer is called; a source that is refused is told as one that cannot be reached. */
  #follow(source: Source, sightings: Sightings, signal: AbortSignal, nudges?: Nudges): () => void {
    const { log } = this.#parts
    let remote: Remote
    try {
      checkRef(source.ref)
      remote = this.#of(source).remote
    } catch (error) {
      const { code, reason } = describeError(error)
      sightings.trouble(code, reason)
      return () => undefined
    }
    const pinned = Sha.safeParse(source.ref).success
    const id = JSON.stringify([remote.address.url, source.credential, pinned && source.ref])
    const look = pinned
      ? async (_: string[], inner: AbortSignal) => this.#lookForCommit(source, inner)
      : (refs: string[], inner: AbortSignal) => remote.look(refs, inner)
    const poller =
      this.#pollers.get(id) ??
      new Poller(this.looks.counted(look), this.#timer, log.child({ url: remote.address.url }), pinned)
    this.#pollers.set(id, poller)
    const leave = poller.join({ ref: source.ref, poll: source.poll, sightings })
    void obey(nudges, poller, signal)
    const { repository } = this.#of(source)
    void repository.touch()
    const ended = () => {
      void repository.touch()
      leave()
      if (poller.idle) this.#pollers.delete(id)
    }
    signal.addEventListener('abort', ended, { once: true })
    return ended
  }

  /** A full sha is its own head as soon as it could be fetched. */
  async #lookForCommit(source: Source, signal: AbortSignal): Promise<Map<string, string>> {
    await this.#bring(source, source.ref, signal)
    return new Map([[`refs/heads/${source.ref}`, source.ref]])
  }
}

/** Looks whenever somebody says so, as long as it is followed. */
async function obey(nudges: Nudges | undefined, poller: Poller, signal: AbortSignal): Promise<void> {
  if (!nudges) return
  for (;;) {
    await nudges.heard(signal)
    if (signal.aborted) return
    poller.nudge()
  }
}

async function remember({ repository, fetched }: Known, sha: string, signal: AbortSignal): Promise<Commit> {
  const commit = await readCommit(repository, sha, localDeadline, signal)
  fetched.set(sha, commit)
  if (fetched.size > remembered) fetched.delete(fetched.keys().next().value!)
  return commit
}

/** Waits for what others wait for too: it goes on when one of them goes away, and ends by its own deadline. */
function shared<T>(signal: AbortSignal, work: (lasting: AbortSignal) => Promise<T>): Promise<T> {
  return within(sharedDeadline, 'reading a repository', () => work(new AbortController().signal), signal)
}
