import picomatch from 'picomatch'
import {
  pollActor,
  systemActor,
  type Actor,
  type Commit,
  type CoreDraft,
  type Placement,
} from '../protocol/index.js'
import { describeError } from '../kernel/errors.js'
import type { Sighting } from '../contracts/git-provider.js'
import { persist } from '../waiting/backoff.js'
import { Bell } from '../waiting/bell.js'
import type { FlowParts } from '../flow/parts.js'
import type { Service } from '../flow/service.js'
import { judge } from './barring.js'

/** Milliseconds between two looks at the wall clock, which may jump while a commit waits for a time. */
const clockLook = 30_000

/** Milliseconds in which what a look brings counts as brought by whoever asked for it. */
const credit = 30_000

/** Who let a commit in, for whoever brings it. */
export type Admitted = (actor: Actor) => void

/** Follows one service's source: every new head is seen, then let in or not, and the lane is asked. */
export class Watcher {
  readonly #parts: FlowParts
  readonly #service: Service
  readonly #admitted: Admitted
  readonly #life = new AbortController()
  /** Ends the wait before the next try: a newer head does not wait for what was wrong with the one before. */
  #pause = new AbortController()
  #head: string | undefined
  #looked: string | undefined
  /** Whoever asks to judge the head again. */
  #actor = pollActor
  #asked = 0
  readonly #nudges = new Bell()
  /** Whoever asked to look at the source, and until when by the monotonic clock a new head is theirs. */
  #asker: { actor: Actor; until: number } | undefined
  /** Ends the wait for the time at which what waits is judged again. */
  #alarm = new AbortController()
  #looking: Promise<void> | undefined
  readonly #done: Promise<void>

  constructor(parts: FlowParts, service: Service, admitted: Admitted) {
    this.#parts = parts
    this.#service = service
    this.#admitted = admitted
    this.#done = this.#watch()
  }

  async close(): Promise<void> {
    this.#life.abort()
    this.#pause.abort()
    this.#alarm.abort()
    await this.#done
    await this.#looking
  }

  /** Judges the head once more, if it waits or was not let in: something has changed. */
  again(actor: Actor): void {
    if (this.#head === undefined || this.#life.signal.aborted) return
    this.#actor = actor
    this.#looked = undefined
    this.#asked++
    this.#pause.abort()
    this.#looking ??= this.#look()
  }

  /** Looks at the source at once, not when it is time; a new head that is found is seen because of the actor. */
  look(actor: Actor): void {
    this.#asker = { actor, until: this.#parts.clock.monotonic() + credit }
    this.#nudges.ring()
  }

  async #watch(): Promise<void> {
    const { git, clock, log } = this.#parts
    const { signal } = this.#life
    const { name: service, source } = this.#service
    await persist(
      clock,
      signal,
      async () => {
        for await (const sighting of git.watch(source, signal, this.#nudges)) await this.#sighted(sighting)
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
    const asked = this.#asked
    const before = this.#placement()
    const known = before?.seen?.sha === sha
    // One that was not let in is judged once more by each new watcher: the declaration may have changed.
    const again = this.#looked === undefined && before !== undefined && isOutside(before, sha)
    if (before && (!known || again)) {
      const actor = known ? this.#actor : this.#finder()
      const commit = await git.fetch(this.#service.source, sha, this.#life.signal)
      const judged = await this.#judge(commit, before, actor)
      const drafts = known ? judged.filter((draft) => isNews(draft, before)) : judged
      if (drafts.length > 0) await journal.record(...drafts)
      if (!known) void hooks.tell('seen', commit, before)
      // A hold, a release or a removal may have come meanwhile: `desired` is asked, not told.
      if (drafts.some(({ kind }) => kind === 'commit.admitted')) this.#admitted(actor)
    }
    // Who asked meanwhile is answered by another look.
    if (this.#asked === asked) {
      this.#looked = sha
      this.#actor = pollActor
    }
    this.#setAlarm()
    await this.#reachable()
  }

  /** Whoever a new head was found for. */
  #finder(): Actor {
    const { actor, until } = this.#asker ?? { actor: pollActor, until: Infinity }
    return this.#parts.clock.monotonic() < until ? actor : pollActor
  }

  /** What is to be recorded of a head: that it was seen, and whether it is let in. */
  async #judge(commit: Commit, placement: Placement, actor: Actor): Promise<CoreDraft[]> {
    const { git } = this.#parts
    const { signal } = this.#life
    const { name: service, source, include } = this.#service
    const about = { service, commit: commit.sha, actor }
    const { seen: before, newest } = placement
    const contained = before && (await git.contains(source, commit.sha, before.sha, signal))
    const forced = contained === false
    if (newest && !(await this.#touched(newest, commit))) {
      const reason = `it changes nothing in ${include.join(', ')}`
      const data = { commit, code: 'NOTHING_TOUCHED', reason, forced }
      return [{ kind: 'commit.skipped', ...about, data }]
    }
    const seen: CoreDraft = { kind: 'commit.seen', ...about, data: { commit, forced } }
    const asking = { actor, trigger: 'commit' } as const
    const judged = await judge(this.#parts, source, placement, commit, asking, signal)
    const { bar, refusal, signer } = judged
    if (refusal) {
      const { code, reason } = refusal
      if (!refusal.waits) {
        const refused: CoreDraft = { kind: 'commit.refused', ...about, data: { commit, code, reason } }
        return bar?.adopt ? [seen, bar.adopt, refused] : [seen, refused]
      }
      const data = { commit, code, reason, until: refusal.until, signer }
      return [seen, { kind: 'commit.waiting', ...about, data }]
    }
    const hold = this.#placement()?.hold
    return [seen, { kind: 'commit.admitted', ...about, data: { commit, held: hold !== undefined, signer } }]
  }

  /** What waits for a time is judged again when that has come. */
  #setAlarm(): void {
    this.#alarm.abort()
    const until = this.#placement()?.waiting?.until
    if (until === undefined) return
    const alarm = (this.#alarm = new AbortController())
    const { clock } = this.#parts
    const wait = async () => {
      for (let left; (left = Date.parse(until) - clock.now()) > 0;)
        await clock.sleep(Math.min(left, clockLook), alarm.signal)
      this.again(pollActor)
    }
    // It ends by the abort of whatever makes it needless.
    void wait().catch(() => undefined)
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

/** Whether the head is known and not let in. */
function isOutside({ refused, skipped, waiting }: Placement, sha: string): boolean {
  return refused?.sha === sha || skipped === sha || waiting?.commit.sha === sha
}

/** Whether it says something of a known head that was not said before. */
function isNews(draft: CoreDraft, { refused, waiting }: Placement): boolean {
  if (draft.kind === 'commit.seen' || draft.kind === 'commit.skipped') return false
  if (draft.kind === 'commit.refused') return refused?.reason !== draft.data.reason
  if (draft.kind === 'commit.waiting')
    return waiting?.reason !== draft.data.reason || waiting.until !== draft.data.until
  return true
}
