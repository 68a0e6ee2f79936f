import { isIPv6 } from 'node:net'
import type { Clock, Logger } from '@longshore/core'
import { tooManyTries } from './errors.js'
import { hashOf } from './secrets.js'
import type { AuthStore, LimitDocument } from './store.js'

/** Failed tries within a window, in milliseconds: of one network, and of one account. */
const limits = { window: 15 * 60_000, network: 20, account: 10 }
/** Networks or names that are counted apart; those beyond share one count. */
const apart = 10_000

/**
 * Counts tries to sign in by network and by account, over restarts; one that is right does not count. Who is over is
 * refused until the window has passed. A network from which an account signed in before has a count of its own for it, so
 * that nobody can lock its owner out.
 */
export class Limits {
  readonly #store: AuthStore
  readonly #clock: Clock
  readonly #log: Logger

  constructor(store: AuthStore, clock: Clock, log: Logger) {
    this.#store = store
    this.#clock = clock
    this.#log = log
  }

  /**
   * Counts a try, before it is known whether it fails: many at the same time are as many as one after another. What is of
   * no account is counted by network alone, or whoever comes first could use up everybody's tries.
   */
  enter(name: string | undefined, from: string | undefined, known: readonly string[] = []): void {
    const keys = this.#keys(name, from, known)
    for (const { key, most } of keys) {
      const { count, since } = this.#counted(key)
      if (count >= most) throw tooManyTries((since + limits.window - this.#clock.now()) / 1_000)
    }
    for (const { key } of keys) {
      const { count, since } = this.#counted(key)
      this.#set(key, { count: count + 1, since })
    }
  }

  /** After one that was not heard, or was only half of one. */
  undo(name: string | undefined, from: string | undefined, known: readonly string[] = []): void {
    for (const { key } of this.#keys(name, from, known)) this.#lower(key)
  }

  /** After one that was right: its account begins anew, its network not, where others may be guessing. */
  forget(name: string | undefined, from: string | undefined, known: readonly string[] = []): void {
    const [network, account] = this.#keys(name, from, known)
    if (account) this.#set(account.key, undefined)
    this.#lower(network!.key)
  }

  /** Removes what is over. */
  clean(): void {
    for (const [key, { since }] of this.#store.all('limit'))
      if (this.#isOver(since)) this.#set(key, undefined)
  }

  /** Of the network first, then of the account. */
  #keys(name: string | undefined, from: string | undefined, known: readonly string[]) {
    const network = networkOf(from)
    const keys = [{ key: this.#place('network', network), most: limits.network }]
    if (name === undefined) return keys
    const account = known.includes(network) ? `${name} ${network}` : name
    return [...keys, { key: this.#place('account', account), most: limits.account }]
  }

  #counted(key: string): LimitDocument {
    const found = this.#store.get('limit', key)
    return found && !this.#isOver(found.since) ? found : { count: 0, since: this.#clock.now() }
  }

  #lower(key: string): void {
    const { count, since } = this.#counted(key)
    this.#set(key, count > 1 ? { count: count - 1, since } : undefined)
  }

  #set(key: string, value: LimitDocument | undefined): void {
    this.#store.touch(['limit', key, value], (error) =>
      this.#log.error({ error }, 'a count of tries was not kept'),
    )
  }

  /** Also when the clock went back since. */
  #isOver(since: number): boolean {
    const age = this.#clock.now() - since
    return age < 0 || age > limits.window
  }

  /** What is counted apart already stays so: whoever tries many names pushes no count out. */
  #place(kind: string, name: string): string {
    const key = `${kind} ${hashOf(name).slice(0, 32)}`
    const counts = this.#store.all('limit')
    return counts.has(key) || counts.size < 2 * apart ? key : `${kind} of all others`
  }
}

/** An IPv6 customer has a whole /64: its addresses are one network here. */
export function networkOf(from: string | undefined): string {
  if (from === undefined || !isIPv6(from)) return from ?? 'unknown'
  const [head = '', tail] = from.split('%')[0]!.split('::')
  const first = head === '' ? [] : head.split(':')
  const last = tail === undefined || tail === '' ? [] : tail.split(':')
  const groups = [
    ...first,
    ...Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => '0'),
    ...last,
  ]
  return `${groups
    .slice(0, 4)
    .map((group) => parseInt(group, 16).toString(16))
    .join(':')}::/64`
}
