declare const type: unique symbol

/** Names one capability that exactly one plugin provides. */
export interface OneToken<T> {
  readonly name: string
  readonly arity: 'one'
  readonly [type]?: T
}

/** Names a capability that many plugins provide, each under a kind. */
export interface ManyToken<T> {
  readonly name: string
  readonly arity: 'many'
  readonly [type]?: T
}

/** A need that may stay unmet. */
export interface Optional<T> {
  readonly optional: OneToken<T>
}

export type Token<T = unknown> = OneToken<T> | ManyToken<T>
export type Need = Token<any> | Optional<any>
export type Needs = Record<string, Need>

/** What a need is when it arrives: the value, every value by kind, or the value if anybody provides it. */
export type Met<N> =
  N extends OneToken<infer T>
    ? T
    : N extends ManyToken<infer T>
      ? ReadonlyMap<string, T>
      : N extends Optional<infer T>
        ? T | undefined
        : never
export type MetAll<N extends Needs> = { [K in keyof N]: Met<N[K]> }

/** A token shares its name with its interface: `export const Storage = token<Storage>('Storage')`. */
export function token<T>(name: string): OneToken<T> {
  return { name, arity: 'one' }
}

export function manyToken<T>(name: string): ManyToken<T> {
  return { name, arity: 'many' }
}

export function optional<T>(need: OneToken<T>): Optional<T> {
  return { optional: need }
}
