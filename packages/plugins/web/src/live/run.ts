import type { Event, Sees } from '@longshore/core/protocol'

/** What ends a packet of events. */
const closing = ']}]'

/**
 * Events that follow each other, as the bytes that every client gets of them. Any of them after a seq are a part of the same
 * memory, so that clients which begin at different events share it.
 */
export class Run {
  readonly first: number
  readonly last: number
  readonly #bytes: Buffer
  /** Where each event begins, behind the comma before it. */
  readonly #starts: number[] = []
  readonly #services: (string | undefined)[]

  /** At least one event. */
  constructor(events: readonly Event[]) {
    this.first = events[0]!.seq
    this.last = events.at(-1)!.seq
    this.#services = events.map(({ service }) => service)
    const texts = events.map((event) => `,${JSON.stringify(event)}`)
    this.#bytes = Buffer.from(texts.join('') + closing)
    let at = 0
    for (const text of texts) {
      this.#starts.push(at + 1)
      at += Buffer.byteLength(text)
    }
  }

  get size(): number {
    return this.#bytes.length
  }

  /** Those after `seen`: `begins` without the comma before them, `ends` with what ends the packet. */
  after(seen: number, { begins, ends }: { begins: boolean; ends: boolean }): Buffer {
    const start = this.#starts[Math.max(0, seen + 1 - this.first)]!
    return this.#bytes.subarray(begins ? start : start - 1, ends ? undefined : -closing.length)
  }

  /** Each of those after `seen` that the caller sees. */
  *visible(seen: number, sees: Sees): Generator<Buffer> {
    for (let index = Math.max(0, seen + 1 - this.first); index < this.#starts.length; index++) {
      if (!sees(this.#services[index])) continue
      const next = this.#starts[index + 1]
      yield this.#bytes.subarray(this.#starts[index], next === undefined ? -closing.length : next - 1)
    }
  }
}

/** What is sent of the runs after `seen`, each event once: all of it shared, or made for a caller who sees only some. */
export function partsOf(runs: readonly Run[], seen: number, sees: Sees | undefined): Buffer[] {
  // Those from the store begin where their block does: they may repeat the end of the one before.
  const from = (index: number) => runs[index - 1]?.last ?? seen
  if (!sees) {
    const end = runs.length - 1
    return runs.map((run, index) => run.after(from(index), { begins: index === 0, ends: index === end }))
  }
  const texts = runs.flatMap((run, index) => [...run.visible(from(index), sees)])
  return texts.length === 0 ? [] : [Buffer.from(`${texts.join(',')}${closing}`)]
}
