import { closeSync, openSync, readSync } from 'node:fs'
import { inflateRawSync } from 'node:zlib'
import { filterOf, recordsOf, type Head } from '../archive/block.js'
import { mayHold } from '../archive/filter.js'
import type { Records } from '../archive/records.js'
import { select, type LineFilter, type LineTest } from './select.js'

/** Blocks of one file, or lines that are in none yet. */
export type Place = { path: string; blocks: { offset: number; head: Head }[] } | { records: Records }

/** What was found in each block, in their order; `gone` when the file is not there any more. */
export type Found = (Records | undefined)[] | 'gone'

/** Looks into blocks, one after the other, on the thread that calls it. */
export function find(place: Place, filter: LineFilter, test?: LineTest): Found {
  if ('records' in place) return [select(place.records, filter, test)]
  let file: number
  try {
    file = openSync(place.path, 'r')
  } catch {
    return 'gone'
  }
  try {
    return place.blocks.map(({ offset, head }) => findInBlock(file, offset, head, filter, test))
  } finally {
    closeSync(file)
  }
}

function findInBlock(
  file: number,
  offset: number,
  head: Head,
  filter: LineFilter,
  test?: LineTest,
): Records | undefined {
  const start = Buffer.allocUnsafe(head.size - head.body)
  readSync(file, start, 0, start.length, offset)
  if (filter.search && !mayHold(filterOf(start, head), Buffer.from(filter.search))) return undefined
  const body = Buffer.allocUnsafe(head.body)
  readSync(file, body, 0, body.length, offset + start.length)
  return select(recordsOf(start, head, inflateRawSync(body)), filter, test)
}
