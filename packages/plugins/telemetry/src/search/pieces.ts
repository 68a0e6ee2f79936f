import { open } from 'node:fs/promises'
import { headBytes, originsOf, type Head } from '../archive/block.js'
import { walk, type Segment } from '../archive/segments.js'
import { isFrom, type LineFilter } from './select.js'

/** Blocks of one file, to be looked into together. */
export interface Piece {
  path: string
  blocks: { offset: number; head: Head }[]
  /** Lines before the first of them that are gone, as far as the one who reads forward is concerned. */
  skipped: number
  /** The place after the last of them, and after those that need no look. */
  end: number
}

/** The pieces that may hold what is asked for, from a place on; blocks of other times and instances need no look. */
export async function* piecesFrom(
  segments: readonly Segment[],
  filter: LineFilter,
  { place, stop, blocks }: { place: number; stop: number; blocks: number },
): AsyncGenerator<Piece> {
  for (const segment of segments) {
    if (segment.end <= place) continue
    if (segment.first >= stop) return
    if (segment.latest < (filter.since ?? -Infinity)) {
      place = segment.end
      continue
    }
    let piece: Piece = { path: segment.path, blocks: [], skipped: 0, end: place }
    for await (const { offset, head, wanted } of blocksOf(segment, filter)) {
      if (head.first + head.count <= place) continue
      if (head.first >= stop) break
      if (head.first > place) {
        if (piece.blocks.length > 0) yield piece
        piece = { path: segment.path, blocks: [], skipped: head.first - place + piece.skipped, end: place }
      }
      piece.end = place = head.first + head.count
      if (!wanted) continue
      piece.blocks.push({ offset, head })
      if (piece.blocks.length < blocks) continue
      yield piece
      piece = { path: segment.path, blocks: [], skipped: 0, end: place }
    }
    if (piece.blocks.length > 0 || piece.skipped > 0 || piece.end > 0) yield piece
  }
}

/** The same from the newest block back, and so within each piece; nothing is said of what is gone. */
export async function* piecesBack(
  segments: readonly Segment[],
  filter: LineFilter,
  blocks: number,
): AsyncGenerator<Piece> {
  for (const segment of segments.toReversed()) {
    if (segment.latest < (filter.since ?? -Infinity)) continue
    const all: Piece['blocks'] = []
    for await (const { offset, head, wanted } of blocksOf(segment, filter))
      if (wanted) all.push({ offset, head })
    all.reverse()
    for (let from = 0; from < all.length; from += blocks)
      yield { path: segment.path, blocks: all.slice(from, from + blocks), skipped: 0, end: 0 }
  }
}

async function* blocksOf(segment: Segment, filter: LineFilter) {
  const file = await open(segment.path).catch(() => undefined)
  if (!file) return
  try {
    for await (const { offset, head, start } of walk(file, segment.size)) {
      yield { offset, head, wanted: isWanted(start, head, filter) }
    }
  } finally {
    await file.close()
  }
}

function isWanted(start: Buffer, head: Head, filter: LineFilter): boolean {
  const { instance, deployment, since = -Infinity, until = Infinity } = filter
  if (head.latest < since || head.earliest > until) return false
  if (instance === undefined && deployment === undefined) return true
  // Too many to be read with the head: then the look itself tells.
  if (headBytes + head.origins > start.length) return true
  return originsOf(start, head).some((origin) => isFrom(origin, filter))
}
