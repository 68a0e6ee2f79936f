import assert from 'node:assert/strict'
import type { Sighting } from '../../contracts/git-provider.js'

/** Milliseconds that a sighting may take. */
const patience = 30_000

/** Reads a watch one sighting at a time, each within a deadline. */
export class Watching {
  readonly #sightings: AsyncIterator<Sighting>

  constructor(sightings: AsyncIterable<Sighting>) {
    this.#sightings = sightings[Symbol.asyncIterator]()
  }

  async next(): Promise<Sighting> {
    const result = await soon(this.#sightings.next(), 'a sighting')
    if (result.done) assert.fail('the watch ended by itself')
    return result.value
  }

  /** The sha of the next new head. A commit may repeat, so `after` is skipped. */
  async head(after?: string): Promise<string> {
    const seen = await this.next()
    assert.equal(seen.kind, 'head', `expected a head, saw ${JSON.stringify(seen)}`)
    return seen.kind === 'head' && seen.sha !== after ? seen.sha : this.head(after)
  }

  /** Resolves when the watch has ended, whatever it still had to say. */
  async ended(): Promise<void> {
    while (!(await soon(this.#sightings.next(), 'the end of the watch')).done);
  }
}

async function soon<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new assert.AssertionError({ message: `${what} did not come` })), patience)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
