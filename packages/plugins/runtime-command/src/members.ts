import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { UnavailableError, type Clock } from '@longshore/core'
import type { Cgroup, Cgroups } from './cgroup.js'
import { holds, livesIn, look, type Seen } from './look.js'
import type { PipeReader } from './pipes.js'
import { bootId, endProcesses, statOf, type Identity } from './processes.js'

/** Milliseconds until an end of the output counts as not coming: whoever writes last may have ended this moment. */
const closing = 100
/** Milliseconds that are waited for the end of the output once every process is gone; then for its rest to be dropped. */
const outputDeadline = 5_000
const dropping = 1_000
/** Milliseconds between two tries to remove a cgroup, and how many there are. */
const removal = { pause: 10, tries: 20 }

/** What an instance's processes are known by. */
export interface Marks {
  mark: string
  home: string
  deployment: string
  /** The folder that it runs in, and whether another instance runs in the same. */
  directory: string
  shared: () => boolean
}

/**
 * The processes of an instance, however they came about. Where it has a cgroup, that knows them all but those that
 * somebody took out of it. These, and where there is none all of them, are known by the mark in their environment, by
 * the session, and by the pipes that they print to; without a cgroup also by the folder.
 */
export class Members {
  cgroup: Cgroup | undefined
  leader: Identity | undefined
  reader: PipeReader | undefined
  readonly #marks: Marks
  readonly #cgroups: Cgroups
  readonly #clock: Clock
  /** Nothing was started, or all was ended since. */
  gone = true

  constructor(marks: Marks, cgroups: Cgroups, clock: Clock) {
    this.#marks = marks
    this.#cgroups = cgroups
    this.#clock = clock
  }

  /** Something is about to be started: makes the cgroup that it shall enter, where there can be one. */
  enter(): Cgroup | undefined {
    this.gone = false
    return (this.cgroup = this.cgroup?.create() ? this.cgroup : this.#cgroups.create(this.#marks.deployment))
  }

  /** It could not be entered: the members are known by their marks only. */
  leave(): void {
    this.cgroup?.remove()
    this.cgroup = undefined
  }

  /** Those that a command left when it ended by itself: nobody looks beyond its cgroup, unless somebody still prints. */
  async left(): Promise<Identity[]> {
    const inside = this.cgroup?.members() ?? []
    return inside.length > 0 || (this.cgroup && !(await this.#printing())) ? inside : this.alive()
  }

  /** Those that are alive. */
  async alive(): Promise<Identity[]> {
    const inside = this.cgroup?.members() ?? []
    if (inside.length > 0) return inside
    const all = await look()
    const session = this.#session()
    const known = all.filter((each) => each.mark === this.#marks.mark || each.session === session)
    if (known.length > 0) return known
    // Only by itself, not by its group: nothing tells that those beside it are ours as well.
    return (await this.#unmarked(all)).map(({ pid, start, boot }) => ({ pid, start, boot }))
  }

  /** Ends them all, and takes in the last of what they printed. Errors: PROCESS_STUCK, also when some may be left. */
  async end(grace: number): Promise<void> {
    if (this.gone) return
    const { cgroup } = this
    const ended = { find: () => this.alive(), kill: () => cgroup?.kill() }
    await endProcesses(ended, grace, this.#clock)
    // Whoever prints is alive, also when no look finds it: it may be another process at each.
    const late = this.#clock.monotonic() + outputDeadline
    while ((await this.#printing()) && this.#clock.monotonic() < late)
      await endProcesses(ended, grace, this.#clock)
    await this.#closed()
    if (cgroup) await this.#removed(cgroup)
    this.gone = true
  }

  /** One that is not gone then goes with the next end, or at the next start of Longshore. */
  async #removed(cgroup: Cgroup): Promise<void> {
    for (let tries = removal.tries; !cgroup.remove() && tries > 0; tries--)
      await this.#clock.sleep(removal.pause)
  }

  /** The leader's, unless its number went to somebody else. */
  #session(): number | undefined {
    const { leader } = this
    const first = leader && statOf(leader.pid)
    return leader?.boot === bootId() && (!first || first.start === leader.start) ? leader.pid : undefined
  }

  /** Those without any mark that are ours all the same. */
  async #unmarked(all: Seen[]): Promise<Seen[]> {
    const { home, directory, shared } = this.#marks
    const others = all.filter(({ pid, mark }) => !mark && pid !== 1)
    const folder = this.cgroup || shared() ? undefined : real(directory)
    const pipes = (await this.#printing()) ? ['stdout', 'stderr'].map((name) => join(real(home), name)) : []
    return others.filter(
      (each) =>
        (pipes.length > 0 && holds(each, pipes)) ||
        (folder !== undefined && !each.terminal && livesIn(each, folder)),
    )
  }

  /** Whether somebody has the pipes open. */
  async #printing(): Promise<boolean> {
    return this.reader !== undefined && !(await this.#within(closing, this.reader.closed))
  }

  /** Takes in the rest of the output. Whoever keeps it open now lives, and nobody could find it. */
  async #closed(): Promise<void> {
    const { reader } = this
    if (!reader) return
    if ((await this.#printing()) || !(await this.#within(outputDeadline, reader.ended))) {
      // What keeps it open may be whoever takes it: then it closes now.
      reader.discard()
      if (!(await this.#within(dropping, reader.closed))) throw hidden(this.#marks.home)
    }
    reader.close()
    this.reader = undefined
  }

  #within(milliseconds: number, done: Promise<unknown>): Promise<boolean> {
    const stop = new AbortController()
    const late = this.#clock.sleep(milliseconds, stop.signal).then(
      () => false,
      () => false,
    )
    return Promise.race([done.then(() => true), late]).finally(() => stop.abort())
  }
}

function real(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

function hidden(home: string): UnavailableError {
  return new UnavailableError('PROCESS_STUCK', 'a process that cannot be found keeps the output open', {
    hint: `It belongs to another user, most likely: as root, fuser ${join(home, 'stdout')} tells its number. End it by hand.`,
    data: { home },
  })
}
