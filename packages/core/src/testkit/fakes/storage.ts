import type { Batch, DocumentQuery, EventPage, EventQuery, Storage } from '../../contracts/storage.js'
import { InputError, RefusedError } from '../../kernel/errors.js'
import { eventMatcher, type Event } from '../../protocol/index.js'

/** What a memory storage leaves behind when it is closed, so that another can be opened on it. */
export interface MemoryDisk {
  events: Event[]
  documents: Map<string, Map<string, string>>
  last: number
  opened: boolean
}

export function memoryDisk(): MemoryDisk {
  return { events: [], documents: new Map(), last: 0, opened: false }
}

/** A storage in memory that obeys the law; what is on its disk can be opened again after `close`. */
export class MemoryStorage implements Storage {
  readonly #disk: MemoryDisk

  constructor(disk: MemoryDisk = memoryDisk()) {
    if (disk.opened) {
      throw new RefusedError('STORAGE_LOCKED', 'this store is open already', {
        hint: 'Close the other one first.',
      })
    }
    disk.opened = true
    this.#disk = disk
  }

  close(): void {
    this.#disk.opened = false
  }

  commit({ events, documents }: Batch): Promise<void> {
    const disk = this.#disk
    const wrong = events.find((event, index) => event.seq !== disk.last + 1 + index)
    if (wrong) {
      const error = new InputError('STORAGE_SEQ', `seq ${wrong.seq} does not go on from ${disk.last}`, {
        hint: 'Number events from last() + 1 without a gap.',
      })
      return Promise.reject(error)
    }
    disk.events.push(...(JSON.parse(JSON.stringify(events)) as Event[]))
    disk.last += events.length
    for (const { collection, key, value } of documents) {
      const kept = disk.documents.get(collection) ?? new Map<string, string>()
      disk.documents.set(collection, kept)
      if (value === undefined) kept.delete(key)
      else kept.set(key, JSON.stringify(value))
    }
    return Promise.resolve()
  }

  last(): number {
    return this.#disk.last
  }

  get<T = unknown>(collection: string, key: string): Promise<T | undefined> {
    const text = this.#disk.documents.get(collection)?.get(key)
    return Promise.resolve(text === undefined ? undefined : (JSON.parse(text) as T))
  }

  list<T = unknown>(collection: string, query: DocumentQuery = {}): Promise<{ key: string; value: T }[]> {
    const { prefix = '', after, reverse = false, limit } = query
    const order = reverse ? -1 : 1
    const found = [...(this.#disk.documents.get(collection) ?? [])]
      .filter(([key]) => key.startsWith(prefix) && (after === undefined || compare(key, after) * order > 0))
      .sort(([a], [b]) => compare(a, b) * order)
      .slice(0, limit)
    return Promise.resolve(found.map(([key, text]) => ({ key, value: JSON.parse(text) as T })))
  }

  events({ after, before, limit, ...filter }: EventQuery): Promise<EventPage> {
    const matches = eventMatcher(filter)
    const inRange = (event: Event) =>
      after === undefined ? before === undefined || event.seq < before : event.seq > after
    const found = this.#disk.events.filter((event) => inRange(event) && matches(event))
    if (after === undefined) found.reverse()
    const events = structuredClone(found.slice(0, limit))
    const next = found.length > limit ? events.at(-1)?.seq : undefined
    return Promise.resolve(next === undefined ? { events } : { events, next })
  }

  prune(before: number, bytes = Infinity): Promise<number> {
    const { events } = this.#disk
    const young = events.findIndex((event) => Date.parse(event.time) >= before)
    let kept = young < 0 ? events.length : young
    const size = (from: number) => JSON.stringify(events.slice(from)).length
    while (kept < events.length && size(kept) > bytes) kept++
    return Promise.resolve(events.splice(0, kept).length)
  }

  /** Refused: memory has no directory to copy. */
  backup(): Promise<void> {
    return Promise.reject(new RefusedError('STORAGE_IN_MEMORY', 'a store in memory has no files to back up'))
  }
}

/** The order of keys is the order of their UTF-8 bytes. */
function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
