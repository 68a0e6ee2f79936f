import type { DocumentWrite, Storage } from '@longshore/core'
import type { Role } from './protocol/names.js'

/** How an account is kept. Nothing in it opens anything: passwords, links and recovery codes are hashes. */
export interface UserDocument {
  name: string
  role: Role
  services?: string[] | undefined
  /** Argon2id, in the PHC format. */
  password?: string | undefined
  /** A one-time link to choose a password: SHA-256 of its secret, and milliseconds since the epoch. */
  link?: { hash: string; until: number } | undefined
  /** The secret, sealed by the key of this host, and the last time step of which a code was used (RFC 6238, 5.2). */
  totp?: { sealed: string; step: number } | undefined
  /** One that was begun and is not confirmed. */
  pending?: string | undefined
  /** SHA-256 of each recovery code that is left. */
  recovery?: string[] | undefined
  /** How an identity provider names it. */
  identity?: { issuer: string; subject: string } | undefined
  disabled?: boolean | undefined
  created: number
  /** Networks that it signed in from, the newest first. */
  from?: string[] | undefined
}

export interface SessionDocument {
  id: string
  user: string
  created: number
  seen: number
  from?: string | undefined
  agent?: string | undefined
}

export interface TokenDocument {
  id: string
  name: string
  owner?: string | undefined
  role?: Role | undefined
  rights?: string[] | undefined
  services?: string[] | undefined
  networks?: string[] | undefined
  created: number
  expires?: number | undefined
  used?: number | undefined
}

/** Failed tries within a window. */
export interface LimitDocument {
  count: number
  since: number
}

interface Collections {
  user: UserDocument
  /** By the SHA-256 of the cookie's value. */
  session: SessionDocument
  /** By the SHA-256 of the token. */
  token: TokenDocument
  limit: LimitDocument
  /** `setup`: the first administrator was made. */
  state: { at: number }
}
type Name = keyof Collections

export type Write = { [N in Name]: [N, string, Collections[N] | undefined] }[Name]

/** Accounts and what they opened, in memory and in the store: documents beside the journal, which hold no secret in the clear. */
export class AuthStore {
  readonly #storage: Storage
  /** What is being removed, until that is durable. */
  readonly #going = new Set<string>()
  #turn: Promise<unknown> = Promise.resolve()
  readonly #kept: { [N in Name]: Map<string, Collections[N]> } = {
    user: new Map(),
    session: new Map(),
    token: new Map(),
    limit: new Map(),
    state: new Map(),
  }

  constructor(storage: Storage) {
    this.#storage = storage
  }

  async open(): Promise<void> {
    for (const name of Object.keys(this.#kept) as Name[]) {
      const found = await this.#storage.list(`auth.${name}`)
      for (const { key, value } of found) this.#kept[name].set(key, value as never)
    }
  }

  all<N extends Name>(name: N): ReadonlyMap<string, Collections[N]> {
    return this.#kept[name]
  }

  get<N extends Name>(name: N, key: string): Collections[N] | undefined {
    return this.#kept[name].get(key)
  }

  /** One after another: what is looked at within stays so until it is written. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => undefined)
    return done
  }

  /** All of it or nothing; it counts once it is durable. */
  async write(...writes: Write[]): Promise<void> {
    const gone = writes.filter(([, , value]) => value === undefined).map(([name, key]) => `${name} ${key}`)
    for (const each of gone) this.#going.add(each)
    const documents = writes.map(([name, key, value]): DocumentWrite => {
      return { collection: `auth.${name}`, key, value }
    })
    try {
      await this.#storage.commit({ events: [], documents })
      for (const write of writes) this.#keep(write)
    } finally {
      for (const each of gone) this.#going.delete(each)
    }
  }

  /** It counts at once: what is used at each request is written behind. Once lost, nothing is. */
  touch(write: Write, failed: (error: unknown) => void): void {
    const [name, key, value] = write
    // What is being removed would be back with the next start.
    if (this.#going.has(`${name} ${key}`)) return
    this.#keep(write)
    this.#storage
      .commit({ events: [], documents: [{ collection: `auth.${name}`, key, value }] })
      .catch(failed)
  }

  #keep([name, key, value]: Write): void {
    if (value === undefined) this.#kept[name].delete(key)
    else this.#kept[name].set(key, value as never)
  }
}
