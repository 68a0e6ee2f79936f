import type { Socket } from 'engine.io'
import type { Journal } from '@longshore/core'
import type { LiveAuth } from '@longshore/core/protocol'
import { cut, unread } from './guard.js'
import { writePacket } from './packet.js'
import { partsOf, type Run, type View } from './run.js'
import type { Snapshots } from './snapshots.js'
import type { Tape } from './tape.js'

/** What a client can have missed and be told of one by one; beyond it begins with a state. */
const missed = { events: 10_000, bytes: 8 * 2 ** 20 }
/** Bytes, or a little more, that one packet of events holds. */
const packetSize = 65_536
/** Milliseconds that a client may read nothing while more waits for it. */
const patience = 60_000

export interface FollowParts {
  journal: Journal
  tape: Tape
  snapshots: Snapshots
}

/**
 * One client's place in the journal. It is sent nothing while what was sent before still waits for it to read: what it misses
 * meanwhile is not kept for it, but taken from the tape, or from the store, when it reads on.
 */
export class Follower {
  readonly #conn: Socket
  readonly #parts: FollowParts
  /** What the client may know at the time. */
  readonly #view: View
  readonly #leave: () => void
  #seen = 0
  /** Something is being read or written for it. */
  #busy = true
  #reading = false
  #ended = false
  #stuck: NodeJS.Timeout | undefined

  constructor(conn: Socket, parts: FollowParts, view: View) {
    this.#conn = conn
    this.#parts = parts
    this.#view = view
    this.#leave = parts.tape.listen(() => this.#go())
    conn.on('drain', this.#drained)
  }

  /** Sends where the client begins, and from then on what happens. */
  async begin({ since, id }: Pick<LiveAuth, 'since' | 'id'>): Promise<void> {
    const runs =
      since !== undefined && (await this.#isKnown(since, id)) ? await this.#since(since) : undefined
    if (this.#ended) return
    if (runs) await this.#greet(since!, runs)
    else await this.#beginAnew()
    this.#busy = false
    this.#go()
  }

  end(): void {
    this.#ended = true
    clearTimeout(this.#stuck)
    this.#conn.off('drain', this.#drained)
    this.#leave()
  }

  /** Whether the event that the client saw last is one of this journal. */
  async #isKnown(since: number, id: string | undefined): Promise<boolean> {
    if (since > this.#parts.journal.last()) return false
    return id === undefined || id === (await this.#idAt(since))
  }

  async #idAt(seq: number): Promise<string | undefined> {
    if (seq === 0) return undefined
    const { events } = await this.#parts.journal.read({ after: seq - 1, limit: 1 })
    return events[0]?.seq === seq ? events[0].id : undefined
  }

  /** Everything after `since`, when it is not too much and all of it is still there. */
  async #since(since: number): Promise<Run[] | undefined> {
    const until = this.#parts.journal.last()
    const runs: Run[] = []
    if (until - since > missed.events) return undefined
    for (let seen = since, bytes = 0; seen < until && !this.#ended;) {
      const run = await this.#next(seen)
      bytes += run?.size ?? 0
      if (!run || bytes > missed.bytes) return undefined
      runs.push(run)
      seen = run.last
    }
    return runs
  }

  async #next(seen: number): Promise<Run | undefined> {
    return this.#parts.tape.after(seen) ?? (await this.#parts.tape.read(seen))
  }

  async #greet(since: number, runs: readonly Run[]): Promise<void> {
    const seq = runs.at(-1)?.last ?? since
    const events = partsOf(runs, since, this.#view)
    const begin = `${await this.#hello(seq)},"events":[`
    if (this.#ended) return
    this.#seen = seq
    if (events.length === 0) writePacket(this.#conn, `${begin}]}]`)
    else writePacket(this.#conn, begin, events)
  }

  async #beginAnew(): Promise<void> {
    const { seq, bytes } = await this.#parts.snapshots.take(this.#view.sees)
    const begin = `${await this.#hello(seq)},"state":`
    if (this.#ended) return
    this.#seen = seq
    writePacket(this.#conn, begin, [bytes])
  }

  async #hello(seq: number): Promise<string> {
    const id = await this.#idAt(seq)
    return `42/live,["hello",{"seq":${seq}${id === undefined ? '' : `,"id":${JSON.stringify(id)}`}`
  }

  readonly #drained = (): void => {
    clearTimeout(this.#stuck)
    this.#stuck = undefined
    this.#go()
  }

  /** Sends what there is and can be sent. */
  #go(): void {
    if (this.#busy || this.#ended) return
    // To write may empty the line at once, which calls this again.
    this.#busy = true
    try {
      while (this.#seen < this.#parts.tape.end) {
        if (unread(this.#conn) > 0) return this.#wait()
        const runs = this.#atHand()
        if (runs.length === 0) return void this.#catchUp()
        this.#tell(runs)
      }
    } finally {
      this.#busy = this.#reading
    }
  }

  #wait(): void {
    this.#stuck ??= setTimeout(() => cut(this.#conn), patience)
  }

  #atHand(): Run[] {
    const runs: Run[] = []
    for (let seen = this.#seen, bytes = 0; bytes < packetSize;) {
      const run = this.#parts.tape.after(seen)
      if (!run) break
      runs.push(run)
      bytes += run.size
      seen = run.last
    }
    return runs
  }

  #tell(runs: readonly Run[]): void {
    const parts = partsOf(runs, this.#seen, this.#view)
    this.#seen = runs.at(-1)!.last
    if (parts.length > 0) writePacket(this.#conn, '42/live,["events",{"events":[', parts)
  }

  /** Takes what is not at hand any more from the store; when it is not there either, the client begins anew. */
  async #catchUp(): Promise<void> {
    this.#reading = true
    try {
      const run = await this.#parts.tape.read(this.#seen)
      if (this.#ended) return
      if (run) this.#tell([run])
      else await this.#beginAnew()
    } catch {
      // It comes back and says where it was.
      cut(this.#conn)
    } finally {
      this.#reading = this.#busy = false
    }
    this.#go()
  }
}
