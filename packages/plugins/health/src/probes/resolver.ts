import { lookup, type LookupAddress } from 'node:dns'
import { isIP } from 'node:net'

/** Asks the system for all addresses of a name. */
export type Lookup = (name: string) => Promise<LookupAddress[]>

/** Milliseconds for which an answer is used without asking again. */
const fresh = 5_000
/** Milliseconds that a look waits for a new answer where it has an old one, and how old that may be. */
const patience = 250
const oldest = 600_000
/** Lookups at once: each takes one of the few threads by which files are read too. */
const atOnce = 2
/** Names whose addresses are remembered. */
const remembered = 10_000

interface Answer {
  addresses: LookupAddress[]
  /** Monotonic milliseconds. */
  at: number
}

/** Names to addresses. A name server that hangs delays nobody who was answered before. */
export class Resolver {
  readonly #lookup: Lookup
  readonly #now: () => number
  readonly #answers = new Map<string, Answer>()
  readonly #asking = new Map<string, Promise<LookupAddress[]>>()
  readonly #waiting: (() => void)[] = []
  #busy = 0

  constructor(now: () => number, lookup: Lookup = systemLookup) {
    this.#now = now
    this.#lookup = lookup
  }

  /** The addresses of a host; rejects with the system's error, or with the signal's reason. */
  async resolve(host: string, signal: AbortSignal): Promise<LookupAddress[]> {
    const literal = host.replace(/^\[(.*)\]$/, '$1')
    const family = isIP(literal)
    if (family !== 0) return [{ address: literal, family }]
    // RFC 6761, 6.3: nobody needs to be asked.
    if (/^(.*\.)?localhost\.?$/i.test(host))
      return [
        { address: '127.0.0.1', family: 4 },
        { address: '::1', family: 6 },
      ]
    const known = this.#answers.get(host)
    const age = known ? this.#now() - known.at : Infinity
    if (known && age < fresh) return known.addresses
    const asked = this.#ask(host)
    return known && age < oldest ? earlier(asked, known.addresses, signal) : unlessAborted(asked, signal)
  }

  #ask(name: string): Promise<LookupAddress[]> {
    const under = this.#asking.get(name)
    if (under) return under
    const asked = this.#turn(name).finally(() => this.#asking.delete(name))
    // Whoever asked may be gone when it fails.
    asked.catch(() => undefined)
    this.#asking.set(name, asked)
    return asked
  }

  async #turn(name: string): Promise<LookupAddress[]> {
    if (this.#busy >= atOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#busy++
    try {
      const addresses = await this.#lookup(name)
      this.#answers.delete(name)
      this.#answers.set(name, { addresses, at: this.#now() })
      if (this.#answers.size > remembered) this.#answers.delete(this.#answers.keys().next().value!)
      return addresses
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#busy--
    }
  }
}

/** The new answer if it comes soon, else the old one. */
function earlier(asked: Promise<LookupAddress[]>, old: LookupAddress[], signal: AbortSignal) {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<LookupAddress[]>((resolve) => {
    timer = setTimeout(() => resolve(old), patience)
  })
  return unlessAborted(Promise.race([asked, late]), signal).finally(() => clearTimeout(timer))
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

const systemLookup: Lookup = (name) =>
  new Promise((resolve, reject) =>
    lookup(name, { all: true, verbatim: true }, (error, addresses) =>
      error ? reject(error) : resolve(addresses),
    ),
  )
