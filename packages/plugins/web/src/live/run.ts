import type { Event, Right, Sees } from '@longshore/core/protocol'

/** What ends a packet of events. */
const closing = ']}]'

/** What of the events a client may know. */
export interface View {
  /** What is said about a service, or about none in particular; undefined: everything. */
  readonly sees: Sees | undefined
  /** Whether it may read of that service what takes a right beside `events:read`. */
  holds(right: Right, service: string | undefined): boolean
}

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
  /** What reading some of them takes, by their index. */
  readonly #rights = new Map<number, Right>()

  /** At least one event; `rights` are what reading takes beside `events:read`, by kind. */
  constructor(events: readonly Event[], rights: ReadonlyMap<string, Right>) {
    this.first = events[0]!.seq
    this.last = events.at(-1)!.seq
    this.#services = events.map(({ service }) => service)
    for (const [index, { kind }] of events.entries()) {
      const right = rights.get(kind)
      if (right) this.#rights.set(index, right)
    }
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

  /** Whether a client that sees everything may read all of them. */
  isOpenTo({ holds }: View): boolean {
    return [...new Set(this.#rights.values())].every((right) => holds(right, undefined))
  }

  /** Each of those after `seen` that the client may know. */
  *visible(seen: number, { sees, holds }: View): Generator<Buffer> {
    for (let index = Math.max(0, seen + 1 - this.first); index < this.#starts.length; index++) {
      const service = this.#services[index]
      const right = this.#rights.get(index)
      if ((sees && !sees(service)) || (right && !holds(right, service))) continue
      const next = this.#starts[index + 1]
      yield this.#bytes.subarray(this.#starts[index], next === undefined ? -closing.length : next - 1)
    }
  }
}

/** What is sent of the runs after `seen`, each event once: all of it shared, or made for a client that sees only some. */
export function partsOf(runs: readonly Run[], seen: number, view: View): Buffer[] {
  // Those from the store begin where their block does: they may repeat the end of the one before.
  const from = (index: number) => runs[index - 1]?.last ?? seen
  if (!view.sees && runs.every((run) => run.isOpenTo(view))) {
    const end = runs.length - 1
    return runs.map((run, index) => run.after(from(index), { begins: index === 0, ends: index === end }))
  }
  const texts = runs.flatMap((run, index) => [...run.visible(from(index), view)])
  return texts.length === 0 ? [] : [Buffer.from(`${texts.join(',')}${closing}`)]
}
