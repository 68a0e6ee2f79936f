import type { z } from 'zod'
import type { EventPage, EventQuery, Storage } from '../contracts/storage.js'
import {
  Envelope,
  placementKey,
  type CoreDraft,
  type Deployment,
  type Event,
  type EventDraft,
  type HostState,
  type Placement,
  type Slice,
  type State,
} from '../protocol/index.js'
import type { Clock } from '../kernel/clock.js'
import { LongshoreError, UnavailableError } from '../kernel/errors.js'
import { newId } from '../kernel/ids.js'
import type { Logger } from '../kernel/logger.js'
import { persist } from '../waiting/backoff.js'
import { Bell } from '../waiting/bell.js'
import type { Moment } from '../rewind/moment.js'
import type { Journal } from './journal.js'
import { Present, refuseRenamed } from './present.js'

interface Parts {
  storage: Storage
  slices: readonly Slice[]
  kinds: ReadonlyMap<string, z.ZodType>
  clock: Clock
  log: Logger
  host: string
  /** Told of everything that is durable, with a way to have the state after it. */
  told?(seq: number, now: () => Moment): void
}

interface Changed {
  slice: string
  key: string
  value: unknown
  /** Of the event that changed it last. */
  seq: number
}

const recentEvents = 2_000
const cachedDocuments = 5_000
/** Writes that may be under way at once; more wait for no one and are refused. */
const pendingWrites = 10_000
/** Milliseconds between two tries to record what has happened: a stop waits behind it, so it is soon after the disk is back. */
const surelyEvery = 5_000

/** `advance`: the only writer. */
export class Advance implements Journal {
  readonly #parts: Parts
  /** What is reduced and not durable yet: the next event builds on it, and nobody else sees it. */
  readonly #ahead = new Map<string, Changed>()
  readonly #documents = new Map<string, unknown>()
  readonly #present = new Present()
  readonly #schemas = new Map<string, z.ZodType>()
  readonly #inFlight = new Set<Promise<void>>()
  readonly #bell = new Bell()
  #recent: Event[] = []
  #turn: Promise<unknown> = Promise.resolve()
  #pending = 0
  #seq = 0
  #durable = 0
  #failed = true
  #measure: (events: readonly Event[], seconds: number) => void = () => undefined

  constructor(parts: Parts) {
    this.#parts = parts
  }

  async record(...drafts: (CoreDraft | EventDraft)[]): Promise<Event[]> {
    if (this.#pending >= pendingWrites) {
      throw new UnavailableError('JOURNAL_BUSY', `${pendingWrites} writes wait for the disk already`, {
        hint: 'Ask again in a moment; if it lasts, the disk under the data folder is too slow or stuck.',
      })
    }
    this.#pending++
    const began = this.#parts.clock.monotonic()
    try {
      const turn = this.#turn.then(() => this.#write(drafts as EventDraft[]))
      this.#turn = turn.catch(() => undefined)
      const { events, durable } = await turn
      await durable
      this.#measure(events, (this.#parts.clock.monotonic() - began) / 1000)
      return events
    } finally {
      this.#pending--
    }
  }

  /** Records what has happened in any case: a journal that is away (a full disk) is waited for, until the signal aborts. */
  async surely(signal: AbortSignal, ...drafts: (CoreDraft | EventDraft)[]): Promise<Event[]> {
    let events: Event[] | undefined
    const { clock, log } = this.#parts
    const again = (error: unknown, wait: number) => {
      // What is no event never becomes one.
      if (isNoEvent(error)) throw error
      log.error({ error, wait, kind: drafts[0]?.kind }, 'what has happened could not be recorded yet')
    }
    await persist(clock, signal, async () => void (events = await this.record(...drafts)), again, surelyEvery)
    return events ?? this.record(...drafts)
  }

  /** Has each write that is durable told here, with the seconds from being asked for. */
  measure(measure: (events: readonly Event[], seconds: number) => void): void {
    this.#measure = measure
  }

  /** Writes that are under way or wait. */
  get pending(): number {
    return this.#pending
  }

  read(query: EventQuery): Promise<EventPage> {
    return this.#parts.storage.events(query)
  }

  last(): number {
    return this.#durable
  }

  async *follow(after: number, signal: AbortSignal): AsyncIterable<Event[]> {
    for (let seen = after; !signal.aborted;) {
      const batch = seen < this.#durable ? await this.#since(seen) : []
      if (batch.length > 0) {
        seen = batch.at(-1)!.seq
        yield batch
      } else await this.#bell.heard(signal)
    }
  }

  state(slices: readonly string[]): Promise<{ seq: number; state: State }> {
    const turn = this.#turn.then(async () => {
      await this.#settle()
      const read = slices.map(async (name) => [name, await this.#all(name)] as const)
      return { seq: this.#durable, state: Object.fromEntries(await Promise.all(read)) }
    })
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  /** Everything written so far is durable, or taken back. */
  async #settle(): Promise<void> {
    await Promise.allSettled(this.#inFlight)
    // What a lost write reduced must not stand: go back to what is on disk.
    if (this.#failed) await this.open()
  }

  async #all(slice: string): Promise<Record<string, unknown>> {
    if (this.#present.holds(slice)) return this.#present.all(slice)
    const found = await this.#parts.storage.list(slice)
    return Object.fromEntries(found.map(({ key, value }) => [key, value]))
  }

  /** The placements as they stand after everything recorded. */
  placements(): ReadonlyMap<string, Placement> {
    return this.#present.placements
  }

  /** Those of this host. */
  here(): Placement[] {
    return [...this.#present.placements.values()].filter(({ host }) => host === this.#parts.host)
  }

  placement(service: string, host: string): Placement | undefined {
    return this.#present.placements.get(placementKey(service, host))
  }

  async deployment(id: string): Promise<Deployment | undefined> {
    return (await this.#durably('deployment', id)) as Deployment | undefined
  }

  async hostState(host: string): Promise<HostState | undefined> {
    return this.now().hosts.get(host)
  }

  /** The state after everything recorded; the same object until more is. */
  now(): Moment {
    return this.#present.moment(this.#durable)
  }

  /** Reads the state that the events since ever have made: not the events. */
  async open(): Promise<void> {
    const { storage } = this.#parts
    const placements = await storage.list<Placement>('placement')
    const hosts = await storage.list<HostState>('host')
    refuseRenamed(this.#parts.host, new Set(placements.map(({ value }) => value.host)))
    this.#ahead.clear()
    this.#documents.clear()
    this.#present.load(placements, hosts)
    this.#seq = this.#durable = storage.last()
    this.#failed = false
  }

  async #write(drafts: EventDraft[]): Promise<{ events: Event[]; durable: Promise<void> }> {
    if (this.#failed) await this.#settle()
    const events = drafts.map((draft, index) => this.#event(draft, this.#seq + 1 + index))
    const changed = new Map<string, Changed>()
    for (const event of events) await this.#reduce(event, changed)
    for (const [id, change] of changed) this.#ahead.set(id, change)
    this.#seq += events.length
    return { events, durable: this.#commit(events, changed) }
  }

  #event(draft: EventDraft, seq: number): Event {
    const schema = this.#schema(draft.kind)
    const now = this.#parts.clock.now()
    const event = { host: this.#parts.host, ...draft, seq, id: newId(now), time: new Date(now).toISOString() }
    const parsed = schema?.safeParse(event)
    if (parsed?.success) return parsed.data as Event
    const fault = parsed?.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')
    // A fault of the plugin, whatever it was asked for.
    throw new LongshoreError(
      'EVENT_INVALID',
      `${draft.kind} cannot be recorded: ${fault ?? 'no plugin declares this kind'}`,
      {
        hint: 'Declare the kind in the protocol part of the plugin, and give the data that its schema asks for.',
      },
    )
  }

  /** The whole event's schema, made once a kind: to make one costs many times what a check does. */
  #schema(kind: string): z.ZodType | undefined {
    const data = this.#parts.kinds.get(kind)
    const known = this.#schemas.get(kind)
    if (known || !data) return known
    const made = Envelope.extend({ data })
    this.#schemas.set(kind, made)
    return made
  }

  async #reduce(event: Event, changed: Map<string, Changed>): Promise<void> {
    for (const slice of this.#parts.slices) {
      const key = slice.key(event)
      if (key === undefined) continue
      const id = `${slice.name}/${key}`
      const newer = changed.get(id) ?? this.#ahead.get(id)
      const before = newer ? newer.value : await this.#durably(slice.name, key)
      const value = slice.reduce(before, event)
      if (value !== before) changed.set(id, { slice: slice.name, key, value, seq: event.seq })
    }
  }

  /** A document as it is on disk. */
  #durably(slice: string, key: string): unknown {
    if (this.#present.holds(slice)) return this.#present.get(slice, key)
    const id = `${slice}/${key}`
    return this.#documents.has(id) ? this.#documents.get(id) : this.#parts.storage.get(slice, key)
  }

  #keep(id: string, { slice, key, value, seq }: Changed): void {
    if (this.#ahead.get(id)?.seq === seq) this.#ahead.delete(id)
    if (this.#present.holds(slice)) return this.#present.put(slice, key, value)
    this.#documents.delete(id)
    this.#documents.set(id, value)
    const [oldest] = this.#documents.keys()
    if (this.#documents.size > cachedDocuments) this.#documents.delete(oldest!)
  }

  #commit(events: Event[], changed: ReadonlyMap<string, Changed>): Promise<void> {
    const documents = [...changed.values()].map(({ slice, key, value }) => {
      return { collection: slice, key, value }
    })
    const durable = this.#parts.storage.commit({ events, documents }).then(
      () => this.#told(events, changed),
      (error: unknown) => {
        this.#failed = true
        throw error
      },
    )
    const settled = durable.catch(() => undefined).finally(() => this.#inFlight.delete(settled))
    this.#inFlight.add(settled)
    return durable
  }

  #told(events: Event[], changed: ReadonlyMap<string, Changed>): void {
    for (const [id, change] of changed) this.#keep(id, change)
    this.#durable = Math.max(this.#durable, events.at(-1)?.seq ?? 0)
    this.#recent.push(...events)
    if (this.#recent.length > 2 * recentEvents) this.#recent = this.#recent.slice(-recentEvents)
    this.#bell.ring()
    this.#parts.told?.(this.#durable, () => this.now())
  }

  async #since(after: number): Promise<Event[]> {
    const first = this.#recent[0]?.seq
    if (first !== undefined && first <= after + 1)
      return this.#recent.slice(after + 1 - first, after + 501 - first)
    return (await this.#parts.storage.events({ after, limit: 500 })).events
  }
}

/** Whether it is the error of what is no event, and never becomes one. */
export function isNoEvent(error: unknown): boolean {
  return error instanceof LongshoreError && error.code === 'EVENT_INVALID'
}
