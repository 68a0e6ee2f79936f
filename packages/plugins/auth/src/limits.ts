import { isIPv6 } from 'node:net'
import type { Clock, Logger } from '@longshore/core'
import { tooManyTries } from './errors.js'
import { hashOf } from './secrets.js'
import type { AuthStore, LimitDocument, UserDocument } from './store.js'

/** Milliseconds within which failed tries are counted together. */
const window = 15 * 60_000
/**
 * Failed tries within the window: of a network; of a site, for an IPv6 customer may have 65,536 networks; of an account;
 * of an account from a network that it signed in from before; and by a provider from a network.
 */
const most = { network: 20, site: 60, account: 10, known: 10, provider: 10 }
type Kind = keyof typeof most
/**
 * What is counted apart of each kind. Networks beyond these share one count of their kind; names of nobody have none, for
 * what is refused where they all are would tell them from those of accounts.
 */
const apart = 10_000

/** Whom a try to come in names: an account, if there is one of the name; whoever a provider vouches for; or nobody. */
export type Whom = { name: string; account: UserDocument | undefined } | 'provider' | undefined

/** What a try counts for. */
interface Counted {
  kind: Kind
  /** What of the kind it is. */
  what: string
  /** Keeps a count of its own however many others there are. */
  own?: boolean
}

/**
 * Counts tries to come in over restarts; one that is right does not count. Who is over is refused until the window has
 * passed. An account from a network that it signed in from before has a count of its own and no other, so that neither
 * strangers nor neighbours of the network who guess for other names can lock its owner out.
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

  /** Counts a try, before it is known whether it fails: many at the same time are as many as one after another. */
  enter(from: string | undefined, whom: Whom): void {
    const keys: string[] = []
    for (const counted of countedOf(from, whom)) {
      const key = this.#keyOf(counted)
      if (key === undefined) continue
      const { count, since } = this.#counted(key)
      if (count >= most[counted.kind]) throw tooManyTries((since + window - this.#clock.now()) / 1_000)
      keys.push(key)
    }
    for (const key of keys) {
      const { count, since } = this.#counted(key)
      this.#set(key, { count: count + 1, since })
    }
  }

  /** After one that was not heard, or was only half of one. */
  undo(from: string | undefined, whom: Whom): void {
    for (const counted of countedOf(from, whom)) this.#lower(this.#keyOf(counted))
  }

  /** After one that was right: its account begins anew, its network not, where others may be guessing. */
  forget(from: string | undefined, whom: Whom): void {
    for (const counted of countedOf(from, whom)) {
      const key = this.#keyOf(counted)
      if (key !== undefined && (counted.kind === 'account' || counted.kind === 'known'))
        this.#set(key, undefined)
      else this.#lower(key)
    }
  }

  /** Removes what is over. */
  clean(): void {
    for (const [key, { since }] of this.#store.all('limit'))
      if (this.#isOver(since)) this.#set(key, undefined)
  }

  #counted(key: string): LimitDocument {
    const found = this.#store.get('limit', key)
    return found && !this.#isOver(found.since) ? found : { count: 0, since: this.#clock.now() }
  }

  #lower(key: string | undefined): void {
    if (key === undefined) return
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
    return age < 0 || age > window
  }

  /** What is counted apart already stays so: whoever tries much pushes no count out. */
  #keyOf({ kind, what, own = false }: Counted): string | undefined {
    const key = `${kind} ${hashOf(what).slice(0, 32)}`
    const counts = this.#store.all('limit')
    if (own || counts.has(key)) return key
    let ofKind = 0
    for (const each of counts.keys()) if (each.startsWith(kind)) ofKind++
    if (ofKind < apart) return key
    return kind === 'account' ? undefined : `${kind} of all others`
  }
}

function countedOf(from: string | undefined, whom: Whom): Counted[] {
  const network = networkOf(from)
  if (whom === 'provider') return [{ kind: 'provider', what: network }]
  if (whom?.account?.from?.includes(network))
    return [{ kind: 'known', what: `${whom.name} ${network}`, own: true }]
  const place: Counted[] = [{ kind: 'network', what: network }]
  if (from !== undefined && isIPv6(from)) place.push({ kind: 'site', what: networkOf(from, 3) })
  if (!whom) return place
  return [...place, { kind: 'account', what: whom.name, own: whom.account !== undefined }]
}

/** The network of an address. An IPv6 customer has a whole /64, four groups of it: its addresses are one network here. */
export function networkOf(from: string | undefined, groups = 4): string {
  if (from === undefined || !isIPv6(from)) return from ?? 'unknown'
  const [head = '', tail] = from.split('%')[0]!.split('::')
  const first = head === '' ? [] : head.split(':')
  const last = tail === undefined || tail === '' ? [] : tail.split(':')
  const all = [
    ...first,
    ...Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => '0'),
    ...last,
  ]
  const kept = all.slice(0, groups).map((group) => parseInt(group, 16).toString(16))
  return `${kept.join(':')}::/${groups * 16}`
}
