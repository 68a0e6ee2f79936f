import type { LogLine } from '@longshore/core'
import { newline, partialFlag, streams, type Origin, type Records } from './records.js'

/** The newest lines, in memory, until they are enough for a block. Readers take what is there as it is. */
export class OpenBlock {
  readonly first: number
  readonly origins: Origin[] = []
  readonly #owners = new Map<string, number>()
  #times: number[] = []
  #owned: number[] = []
  #flags: number[] = []
  /** Where each line's text begins. */
  #begins: number[] = []
  #text = Buffer.alloc(0)
  #used = 0

  constructor(first: number) {
    this.first = first
  }

  get count(): number {
    return this.#times.length
  }

  get bytes(): number {
    return this.#used
  }

  get earliest(): number | undefined {
    return this.#times[0]
  }

  get latest(): number | undefined {
    return this.#times.at(-1)
  }

  add({ time, instance, stream, bytes, partial }: LogLine): void {
    this.#reserve(bytes.length + 1)
    this.#times.push(Math.floor(time))
    this.#owned.push(this.#ownerOf(instance))
    this.#flags.push(streams.indexOf(stream) | (partial ? partialFlag : 0))
    this.#begins.push(this.#used)
    this.#text.set(bytes, this.#used)
    this.#used += bytes.length
    this.#text[this.#used++] = newline
  }

  /** What an earlier writer knew of an instance. */
  know({ instance, ...known }: Origin): void {
    Object.assign(this.origins[this.#ownerOf(instance)]!, known)
  }

  /** The records from this place on. */
  from(place: number): Records {
    const index = Math.max(0, place - this.first)
    return {
      first: this.first + index,
      origins: this.origins,
      times: Float64Array.from(this.#times.slice(index)),
      owners: Uint16Array.from(this.#owned.slice(index)),
      flags: Uint8Array.from(this.#flags.slice(index)),
      text: this.#text.subarray(this.#begins[index] ?? this.#used, this.#used),
    }
  }

  #ownerOf(instance: string): number {
    const known = this.#owners.get(instance)
    if (known !== undefined) return known
    this.#owners.set(instance, this.origins.length)
    return this.origins.push({ instance }) - 1
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes <= this.#text.length) return
    const larger = Buffer.allocUnsafe(Math.max(4096, 2 * this.#text.length, this.#used + bytes))
    this.#text.copy(larger, 0, 0, this.#used)
    this.#text = larger
  }
}
