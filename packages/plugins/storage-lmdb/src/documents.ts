import type { DocumentQuery } from '@longshore/core'
import { damaged } from './errors.js'
import type { JournalFile } from './journal-file.js'
import { journalName } from './names.js'
import { documentKey } from './writer.js'

export function getDocument<T>({ documents }: JournalFile, collection: string, key: string): T | undefined {
  const bytes = documents.get(documentKey(collection, key))
  return bytes && parse<T>(bytes, key)
}

/** Documents in the order of their keys' UTF-8 bytes. */
export function listDocuments<T>(
  { documents }: JournalFile,
  collection: string,
  { prefix = '', after, reverse = false, limit = Infinity }: DocumentQuery,
): { key: string; value: T }[] {
  const found: { key: string; value: T }[] = []
  const low = [collection, prefix]
  // No text goes on after U+10FFFF.
  const high = [collection, `${prefix}\u{10ffff}`]
  const begin = reverse ? high : low
  const end = reverse ? low : high
  const start = after === undefined ? begin : furthest(begin, [collection, after], reverse)
  const range = documents.getRange({ start, end, reverse, inclusiveEnd: true })
  for (const { key, value } of range) {
    if (found.length >= limit) break
    if (key[1] !== after) found.push({ key: key[1]!, value: parse<T>(value, key[1]!) })
  }
  return found
}

function furthest(a: string[], b: string[], reverse: boolean): string[] {
  const order = Buffer.compare(Buffer.from(a[1]!), Buffer.from(b[1]!))
  return reverse === order > 0 ? b : a
}

function parse<T>(bytes: Buffer, key: string): T {
  try {
    return JSON.parse(bytes.toString()) as T
  } catch (error) {
    throw damaged(journalName, `the document ${key} cannot be read`, error)
  }
}
