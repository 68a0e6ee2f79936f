import picomatch from 'picomatch'
import { pollActor, systemActor, type Commit, type CoreDraft, type Placement } from '../protocol/index.js'
import { describeError } from '../kernel/errors.js'
import type { Sighting } from '../contracts/git-provider.js'
import { persist } from '../waiting/backoff.js'
import type { FlowParts } from './parts.js'
import type { Service } from './service.js'

/** Follows one service's source: every new head is seen, then admitted, skipped or refused, and the lane is asked. */
export class Watcher {
  readonly #parts: FlowParts
  readonly #service: Service
  readonly #admitted: () => void
  readonly #life = new AbortController()
  /** Ends the wait before the next try: a newer head does not wait for what was wrong with the one before. */
  #pause = new AbortController()
  #head: string | undefined
  #looked: string | undefined
  #looking: Promise<void> | undefined
  readonly #done: Promise<void>

  constructor(parts: FlowParts, service: Service, admitted: () => void) {
    this.#parts = parts
    this.#service = service
    this.#admitted = admitted
    this.#done = this.#watch()
  }

  async close(): Promise<void> {
    this.#life.abort()
    this.#pause.abort()
    await this.#done
    await this.#looking
  }

  async #watch(): Promise<void> {
    const { git, clock, log } = this.#parts
    const { signal } = this.#life
    const { name: service, source } = this.#service
    await persist(
      clock,
      signal,
      async () => {
        for await (const sighting of git.watch(source, signal)) await this.#sighted(sighting)
      },
      (error, wait) => log.error({ error, service, wait }, 'watching a repository ended and begins again'),
    )
  }

  async #sighted(sighting: Sighting): Promise<void> {
    if (sighting.kind === 'head') {
      this.#head = sighting.sha
      this.#pause.abort()
      this.#looking ??= this.#look()
    } else if (sighting.kind === 'reachable') await this.#reachable()
    else await this.#unreachable(sighting)
  }

  /** Works the newest head off; what was passed over meanwhile is not looked at. */
  async #look(): Promise<void> {
    const { clock, log } = this.#parts
    while (this.#head !== this.#looked && !this.#life.signal.aborted) {
      this.#pause = new AbortController()
      await persist(
        clock,
        this.#pause.signal,
        () => this.#seen(this.#head!),
        async (error, wait) => {
          log.warn(
            { error, service: this.#service.name, wait },
            'a new head waits: it could not be looked at',
          )
          await this.#unreachable(describeError(error)).catch(() => undefined)
        },
      )
    }
    // In the same breath as the last look at the head: one that comes later begins anew.
    this.#looking = undefined
  }

  async #seen(sha: string): Promise<void> {
    const { git, hooks, journal } = this.#parts
    const before = this.#placement()
    const known = before?.seen?.sha === sha
    // One that was not let in is judged once more by each new watcher: the declaration may have changed.
    const again = this.#looked === undefined && (before?.refused?.sha === sha || before?.skipped === sha)
    if (before && (!known || again)) {
      const commit = await git.fetch(this.#service.source, sha, this.#life.signal)
      const drafts = await this.#judge(commit, before)
      const admitted = drafts.some(({ kind }) => kind === 'commit.admitted')
      if (!known || admitted) await journal.record(...drafts)
      if (!known) void hooks.tell('seen', commit, before)
      // A hold, a release or a removal may have come meanwhile: `desired` is asked, not told.
      if (admitted) this.#admitted()
    }
    this.#looked = sha
    await this.#reachable()
  }

  /** What is to be recorded of a head: that it was seen, and whether it is let in. */
  async #judge(commit: Commit, placement: Placement): Promise<CoreDraft[]> {
    const { git, hooks } = this.#parts
    const { name: service, source, include } = this.#service
    const about = { service, commit: commit.sha, actor: pollActor }
    const { seen: before, newest } = placement
    const contained = before && (await git.contains(source, commit.sha, before.sha, this.#life.signal))
    const forced = contained === false
    if (newest && !(await this.#touched(newest, commit))) {
      const reason = `it changes nothing in ${include.join(', ')}`
      const data = { commit, code: 'NOTHING_TOUCHED', reason, forced }
      return [{ kind: 'commit.skipped', ...about, data }]
    }
    const seen: CoreDraft = { kind: 'commit.seen', ...about, data: { commit, forced } }
    const refusal = await hooks.admit(commit, placement)
    if (refusal) return [seen, { kind: 'commit.refused', ...about, data: { commit, ...refusal } }]
    const hold = this.#placement()?.hold
    return [seen, { kind: 'commit.admitted', ...about, data: { commit, held: hold !== undefined } }]
  }

  /** Whether anything of the service changed since the commit that was let in last, refused ones between them included. */
  async #touched(newest: Commit, commit: Commit): Promise<boolean> {
    const { source, include } = this.#service
    if (include.length === 0) return true
    const changed = await this.#parts.git.changed(source, newest.sha, commit.sha, this.#life.signal)
    const touches = picomatch(include, { dot: true })
    return !changed || changed.some((path) => touches(path))
  }

  #placement(): Placement | undefined {
    return this.#parts.journal.placement(this.#service.name, this.#parts.host)
  }

  async #unreachable({ code, reason }: { code: string; reason: string }): Promise<void> {
    if (this.#placement()?.unreachable?.code === code) return
    const data = { code, reason: reason.slice(0, 4000) }
    await this.#record({ kind: 'source.unreachable', actor: systemActor, data })
  }

  async #reachable(): Promise<void> {
    if (this.#placement()?.unreachable)
      await this.#record({ kind: 'source.reachable', actor: systemActor, data: {} })
  }

  async #record(draft: CoreDraft): Promise<void> {
    await this.#parts.journal.record({ ...draft, service: this.#service.name } as CoreDraft)
  }
}
