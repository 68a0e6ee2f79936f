import { actorWord, type Event, type EventFilter } from '@longshore/core/protocol'

/** Offsets of events within a part of the journal, ascending. */
export type Offsets = ArrayLike<number>

/** How the events of one part of the journal are found by what stands in them. */
export interface Index {
  /** Offsets of the events that carry the word; undefined when none does. */
  offsets(word: string): Offsets | undefined
  /** When each event happened, by offset: milliseconds since the epoch. */
  times(): Offsets
}

type Filters = Pick<EventFilter, 'service' | 'kind' | 'actor' | 'host' | 'deployment'>
const filters = ['service', 'kind', 'actor', 'host', 'deployment'] as const satisfies (keyof Filters)[]

/** A field and its value, as the index names them. */
function word(field: keyof Filters, value: string): string {
  return `${field}=${value}`
}

/** The words of an event: one for each field that can be filtered by. */
function wordsOf(event: Event): string[] {
  const words = [word('kind', event.kind), word('actor', actorWord(event.actor)), word('host', event.host)]
  if (event.service !== undefined) words.push(word('service', event.service))
  if (event.deployment !== undefined) words.push(word('deployment', event.deployment))
  return words
}

/** The words that a filter asks for; none: the index is not needed for words. */
export function wordsAsked(filter: Filters): string[] {
  return filters.flatMap((field) => (filter[field] === undefined ? [] : [word(field, filter[field])]))
}

/** An index in the making: events are added in order. */
export class WordIndex implements Index {
  readonly words = new Map<string, number[]>()
  readonly #times: number[] = []

  get size(): number {
    return this.#times.length
  }

  add(event: Event): void {
    const offset = this.#times.push(Date.parse(event.time)) - 1
    for (const word of wordsOf(event)) {
      const offsets = this.words.get(word)
      if (offsets) offsets.push(offset)
      else this.words.set(word, [offset])
    }
  }

  offsets(word: string): Offsets | undefined {
    return this.words.get(word)
  }

  times(): number[] {
    return this.#times
  }

  /** Every offset once: those of one service together, in order; at the end those of none. */
  byService(): number[] {
    const order: number[] = []
    const placed = new Uint8Array(this.size)
    for (const [word, offsets] of this.words) {
      if (!word.startsWith(ofService)) continue
      for (const offset of offsets) {
        order.push(offset)
        placed[offset] = 1
      }
    }
    for (let offset = 0; offset < this.size; offset++) if (placed[offset] === 0) order.push(offset)
    return order
  }
}

const ofService = word('service', '')

export interface Range {
  /** Offsets, both inclusive. */
  from: number
  to: number
  descending: boolean
}

/** The offsets within the range whose events carry every word and happened between since and until, in its direction. */
export function* candidates(
  index: Index,
  words: string[],
  { since, until }: Pick<EventFilter, 'since' | 'until'>,
  { from, to, descending }: Range,
): Generator<number> {
  const lists: Offsets[] = []
  for (const word of words) {
    const offsets = index.offsets(word)
    if (!offsets) return
    lists.push(offsets)
  }
  const [rarest, ...others] = lists.sort((a, b) => a.length - b.length)
  const times = since === undefined && until === undefined ? undefined : index.times()
  const at = (position: number) => (rarest ? rarest[position]! : position)
  const low = rarest ? positionOf(rarest, from) : from
  const high = rarest ? positionOf(rarest, to + 1) - 1 : to
  for (let left = high - low; left >= 0; left--) {
    const offset = at(descending ? low + left : high - left)
    if (times && (times[offset]! < (since ?? -Infinity) || times[offset]! > (until ?? Infinity))) continue
    if (others.every((offsets) => offsets[positionOf(offsets, offset)] === offset)) yield offset
  }
}

/** The position of the first offset that is not below the one given. */
export function positionOf(offsets: Offsets, wanted: number): number {
  let low = 0
  let high = offsets.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (offsets[middle]! < wanted) low = middle + 1
    else high = middle
  }
  return low
}
