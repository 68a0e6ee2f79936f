import { parentPort } from 'node:worker_threads'
import { find, type Found, type Place } from './search/find.js'
import type { LineFilter, LineTest } from './search/select.js'

/** A piece of work; without a place it only tells whether the expression is one. */
export interface Work {
  place?: Place
  filter: LineFilter
}

export type Done = { found: Found } | { invalid: string } | { failed: string }

let last: { match: string; test: LineTest } | undefined

/** The expression as a test of a line's bytes, which are read as UTF-8. */
async function testOf(match: string): Promise<LineTest> {
  if (last?.match === match) return last.test
  // Most searches are for text, and begin sooner without it.
  const { RE2JS } = await import('re2js')
  const expression = RE2JS.compile(match)
  const test = (line: Uint8Array) =>
    expression.test(Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString())
  last = { match, test }
  return test
}

async function answer({ place, filter }: Work): Promise<Done> {
  let test: LineTest | undefined
  try {
    if (filter.match !== undefined) test = await testOf(filter.match)
  } catch (error) {
    return { invalid: (error as Error).message }
  }
  try {
    return { found: place ? find(place, filter, test) : [] }
  } catch (error) {
    return { failed: (error as Error).message }
  }
}

// One piece of work at a time: the next is sent when this one is answered.
parentPort!.on('message', (work: Work) => {
  void answer(work).then((done) => parentPort!.postMessage(done))
})
