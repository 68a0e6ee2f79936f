import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { replaceFile } from './replace-file.js'

const Kept = z.array(z.tuple([z.string(), z.string(), z.number()]).nullable())

interface Slot {
  key: string
  service: string
  check: string
  /** The step of the finest series in which it was taken: what stands there from before is another's. */
  since: number
}

/** Which check has which place in the series. */
export class Slots {
  readonly #path: string
  readonly #slots: (Slot | undefined)[] = []
  readonly #places = new Map<string, number>()

  constructor(path: string) {
    this.#path = path
  }

  /** Places, taken or free. */
  get length(): number {
    return this.#slots.length
  }

  async open(): Promise<void> {
    const text = await readFile(this.#path, 'utf8').catch(() => '[]')
    const kept = Kept.safeParse(parsed(text)).data ?? []
    for (const [place, slot] of kept.entries()) {
      if (!slot) continue
      const [service, check, since] = slot
      this.#put(place, service, check, since)
    }
  }

  /** The place of a check. */
  of(key: string): number | undefined {
    return this.#places.get(key)
  }

  since(place: number): number {
    return this.#slots[place]?.since ?? Infinity
  }

  /** From now on these have places, and no others; answers those that are new. */
  keep(checks: readonly { key: string; service: string; name: string }[], now: number): number[] {
    const wanted = new Set(checks.map(({ key }) => key))
    for (const [place, slot] of this.#slots.entries()) {
      if (!slot || wanted.has(slot.key)) continue
      this.#slots[place] = undefined
      this.#places.delete(slot.key)
    }
    const free = [...this.#slots.keys()].filter((place) => !this.#slots[place]).reverse()
    const fresh = checks.filter(({ key }) => !this.#places.has(key))
    return fresh.map(({ service, name }) => {
      const place = free.pop() ?? this.#slots.length
      this.#put(place, service, name, now)
      return place
    })
  }

  async save(): Promise<void> {
    const kept = Array.from(this.#slots, (slot) => (slot ? [slot.service, slot.check, slot.since] : null))
    await replaceFile(this.#path, JSON.stringify(kept))
  }

  #put(place: number, service: string, check: string, since: number): void {
    const key = `${service}/${check}`
    this.#slots[place] = { key, service, check, since }
    this.#places.set(key, place)
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
