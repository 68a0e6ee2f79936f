import type { Archive } from '../archive/archive.js'
import { partialFlag, pick, type Records } from '../archive/records.js'
import type { Search, Searches } from '../searches.js'
import type { Found } from './find.js'
import { piecesBack, piecesFrom, type Piece } from './pieces.js'
import type { LineFilter } from './select.js'

export interface ArchiveQuery extends LineFilter {
  /** Only the last so many of what is there already. */
  tail?: number
  /** Stay for what comes. */
  follow?: boolean
}

/** Lines that were found, after so many that are gone. */
export interface FoundLines {
  records?: Records
  skipped: number
}

/** Blocks that are looked into as one piece: few of them hold what is searched for, but each of those that are read whole. */
const searchedBlocks = 8
/** Pieces at the same time. */
const width = 4

/**
 * Begins to read an archive: what is kept in time order, then, with `follow`, what comes. Rejects when the query cannot be
 * answered. A slow reader slows only itself: what is removed before it comes there is counted in `skipped`.
 */
export async function readArchive(
  archive: Archive,
  query: ArchiveQuery,
  searches: Searches,
  signal: AbortSignal,
): Promise<AsyncGenerator<FoundLines>> {
  const { tail, follow, ...filter } = query
  const search = await searches.begin(filter)
  return new Reader(archive, { tail, follow, filter, search, signal }).read()
}

interface Asked {
  tail?: number
  follow?: boolean
  filter: LineFilter
  search: Search
  signal: AbortSignal
}

class Reader {
  readonly #archive: Archive
  readonly #asked: Asked
  readonly #blocks: number
  /** The place up to which everything was looked into. */
  #place = 0
  /** Lines that were found and are not wanted: the last ones were asked for. */
  #drop = 0

  constructor(archive: Archive, asked: Asked) {
    this.#archive = archive
    this.#asked = asked
    this.#blocks = asked.search.narrow ? searchedBlocks : 1
  }

  async *read(): AsyncGenerator<FoundLines> {
    const { tail, follow, filter, search, signal } = this.#asked
    try {
      const stop = follow ? Infinity : this.#archive.end
      if (tail !== undefined) await this.#goToLast(tail)
      // Who asks for the last ones, or for those since a time, misses nothing that is gone.
      let counts = tail === undefined && filter.since === undefined
      while (!signal.aborted) {
        for await (const { records, skipped } of this.#readOn(stop)) {
          if (skipped > 0 && counts) yield { skipped }
          const wanted = records && this.#without(records)
          if (wanted) yield { records: wanted, skipped: 0 }
          if (signal.aborted) return
        }
        search.end()
        counts = true
        if (!follow || this.#archive.closed) return
        await this.#archive.more(this.#place, signal)
      }
    } finally {
      search.end()
    }
  }

  /** What is there from the place on: the files, then the newest lines. */
  async *#readOn(stop: number): AsyncGenerator<FoundLines> {
    const { filter, search } = this.#asked
    for (let before = -1; this.#inFiles() && this.#place < stop && this.#place !== before;) {
      before = this.#place
      const places = { place: this.#place, stop, blocks: this.#blocks }
      for await (const [piece, found] of this.#inTurn(piecesFrom(this.#archive.segments, filter, places))) {
        this.#place = Math.max(this.#place, piece.end)
        const lost = found === 'gone' ? piece.blocks.reduce((sum, { head }) => sum + head.count, 0) : 0
        if (piece.skipped + lost > 0) yield { skipped: piece.skipped + lost }
        if (found === 'gone') continue
        for (const records of found) if (records) yield { records, skipped: 0 }
      }
    }
    const { newest } = this.#archive
    const end = newest.first + newest.count
    if (newest.first >= stop || end <= this.#place) return
    const from = Math.max(this.#place, newest.first)
    const skipped = from - this.#place
    this.#place = end
    if (skipped > 0) yield { skipped }
    const found = await search.find({ records: newest.from(from) })
    yield { records: found === 'gone' ? undefined : found[0], skipped: 0 }
  }

  /** Whether lines from the place on are in files: there may be more since the last look. */
  #inFiles(): boolean {
    return (this.#archive.segments.at(-1)?.end ?? 0) > this.#place
  }

  /** Goes to the block in which the last lines begin. */
  async #goToLast(tail: number): Promise<void> {
    const { filter, search, signal } = this.#asked
    const { newest, end, segments } = this.#archive
    this.#place = tail === 0 ? end : newest.first
    if (tail === 0) return
    const found = await search.find({ records: newest.from(0) })
    let left = tail - this.#lastIn(found === 'gone' ? undefined : found[0], tail)
    if (left === 0) return
    for await (const [piece, each] of this.#inTurn(piecesBack(segments, filter, this.#blocks))) {
      if (signal.aborted) return
      for (const [index, { head }] of piece.blocks.entries()) {
        if (each === 'gone') continue
        this.#place = head.first
        left -= this.#lastIn(each[index], left)
        if (left === 0) return
      }
    }
    this.#place = 0
  }

  /** How many of the last lines are among these; when all of them are, those before them are dropped. */
  #lastIn(records: Records | undefined, tail: number): number {
    const flags = records?.flags ?? new Uint8Array()
    let lines = 0
    for (let index = flags.length - 1; index >= 0; index--) {
      if ((flags[index]! & partialFlag) !== 0) continue
      if (lines === tail) {
        this.#drop = index + 1
        return tail
      }
      lines++
    }
    return lines
  }

  #without(records: Records): Records | undefined {
    const count = records.times.length
    const dropped = Math.min(this.#drop, count)
    this.#drop -= dropped
    if (dropped === 0) return records
    return dropped === count
      ? undefined
      : pick(
          records,
          Array.from({ length: count - dropped }, (_, index) => dropped + index),
        )
  }

  /** What is found in each piece, in their order, some of them at the same time. */
  async *#inTurn(pieces: AsyncGenerator<Piece>): AsyncGenerator<[Piece, Found]> {
    const under: { piece: Piece; found: Promise<Found> }[] = []
    const take = async (): Promise<[Piece, Found]> => {
      const { piece, found } = under.shift()!
      return [piece, await found]
    }
    try {
      for await (const piece of pieces) {
        const { path, blocks } = piece
        const found = blocks.length > 0 ? this.#asked.search.find({ path, blocks }) : Promise.resolve([])
        found.catch(() => undefined)
        under.push({ piece, found })
        if (under.length >= width) yield await take()
      }
      while (under.length > 0) yield await take()
    } finally {
      await Promise.allSettled(under.map(({ found }) => found))
    }
  }
}
