import type { Labels } from '@longshore/core'

/** Values that one label of one metric may have; what comes after is counted together, as `other`. */
export const mostValues = 1_000
/** Characters of a value of a label. */
const longest = 200

/** Keeps the values of a metric's labels few, whatever is declared. */
export class Bound {
  readonly #known = new Map<string, Set<string>>()

  /** The labels, in the order in which they are declared; those that lack are empty. */
  of(names: readonly string[], labels: Labels = {}): Record<string, string> {
    return Object.fromEntries(names.map((name) => [name, this.#value(name, labels[name] ?? '')]))
  }

  #value(name: string, value: string): string {
    const known = this.#known.get(name) ?? new Set()
    this.#known.set(name, known)
    const short = value.slice(0, longest)
    if (known.has(short)) return short
    if (known.size >= mostValues) return 'other'
    known.add(short)
    return short
  }
}
