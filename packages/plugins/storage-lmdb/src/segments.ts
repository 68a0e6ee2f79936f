import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Table } from './client.js'
import { damaged } from './errors.js'
import { Segment } from './segment.js'
import { removeSegment, segmentPath, type SegmentEntry } from './segment-file.js'

/** Segments whose files are open at once: each costs two descriptors. */
const openAtOnce = 64

/** The sealed part of the journal: segments in order, one after the other without a gap. */
export class Segments {
  readonly folder: string
  #list: Segment[]
  /** Those that are open, the longest unused first. */
  readonly #open = new Set<Segment>()

  /** Refuses with STORAGE_DAMAGED when a file that the catalogue names is not there in full. */
  constructor(folder: string, catalogue: SegmentEntry[]) {
    this.folder = folder
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    this.#list = catalogue.map((entry) => new Segment(folder, entry))
    const known = new Set<string>()
    for (const { first, bytes } of catalogue) {
      const path = segmentPath(folder, first)
      const size = statSync(path, { throwIfNoEntry: false })?.size
      if (size !== bytes)
        throw damaged(
          basename(path),
          size === undefined ? 'it is gone' : `it has ${size} bytes instead of ${bytes}`,
        )
      known.add(basename(path))
    }
    for (const name of readdirSync(folder)) {
      if (name.endsWith('.mdb') && !known.has(name)) removeSegment(join(folder, name))
    }
  }

  get list(): readonly Segment[] {
    return this.#list
  }

  /** The newest sealed seq, 0 when nothing is sealed. */
  get last(): number {
    return this.#list.at(-1)?.last ?? 0
  }

  at(seq: number): Segment | undefined {
    let low = 0
    let high = this.#list.length - 1
    while (low <= high) {
      const middle = (low + high) >>> 1
      const segment = this.#list[middle]!
      if (seq < segment.first) high = middle - 1
      else if (seq > segment.last) low = middle + 1
      else return segment
    }
    return undefined
  }

  add(entry: SegmentEntry): void {
    this.#list.push(new Segment(this.folder, entry))
  }

  /** Makes a segment ready to be read in this turn, and lets the longest unused one go. */
  async use(segment: Segment): Promise<void> {
    await segment.open()
    this.#open.delete(segment)
    this.#open.add(segment)
    for (const oldest of this.#open) {
      if (this.#open.size <= openAtOnce) return
      this.#open.delete(oldest)
      await oldest.close()
    }
  }

  /** Forgets the segments below the seq, then removes their files. */
  async dropBelow(seq: number): Promise<void> {
    const gone = this.#list.filter(({ last }) => last < seq)
    this.#list = this.#list.filter(({ last }) => last >= seq)
    for (const segment of gone) {
      this.#open.delete(segment)
      await segment.remove()
    }
  }

  async close(): Promise<void> {
    for (const segment of this.#open) await segment.close()
    this.#open.clear()
  }
}

/** The catalogue as it stands on disk: one entry a segment, by its first seq. */
export function readCatalogue(table: Table<number>): SegmentEntry[] {
  const entries = [...table.getRange({})].map(({ value }) => JSON.parse(value.toString()) as SegmentEntry)
  for (const [at, { first }] of entries.entries()) {
    const before = entries[at - 1]
    if (before && first !== before.last + 1)
      throw damaged('journal.mdb', `the catalogue has a gap before ${first}`)
  }
  return entries
}
