import { newId, type Caller, type Clock } from '@longshore/core'
import { parseEnd } from '@longshore/core/protocol'
import type { Decisions } from './decisions.js'
import {
  accountNeeded,
  byProvider,
  expiresInvalid,
  full,
  lastAdmin,
  notFound,
  rightUnknown,
  tooMuch,
  userExists,
  userUnknown,
} from './errors.js'
import type { Role } from './protocol/names.js'
import { refuseWeak, type Passwords } from './passwords.js'
import { holds, holdsSome, inWords, isAdmin, mayAll, partsOf, type Labels } from './rights.js'
import { hashOf, newSecret } from './secrets.js'
import type { AuthStore, TokenDocument, UserDocument, Write } from './store.js'
import { tokenPrefix } from './credentials.js'

const most = { users: 1_000, tokens: 1_000, ofOne: 100 }
/** Milliseconds for which a link to choose a password is good. */
const linkTime = 24 * 3_600_000

interface Parts {
  clock: Clock
  store: AuthStore
  passwords: Passwords
  decisions: Decisions
  labels: Labels
  /** Every right that something asks for. */
  rights: () => ReadonlySet<string>
  /** Told after rights were taken from somebody. */
  changed: () => void
}

/** A link to choose a password by: only its hash is kept. */
export interface MadeLink {
  user: string
  secret: string
  until: number
}

export interface TokenWish {
  name: string
  role?: Role | undefined
  rights?: string[] | undefined
  services?: string[] | undefined
  networks?: string[] | undefined
  expires?: string | undefined
}

/** What administrators do about accounts, and everybody about tokens of their own. Each is recorded before it is done. */
export class Accounts {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  async add(
    wish: { name: string; role: Role; services?: string[] | undefined; password?: string | undefined },
    caller: Caller,
  ): Promise<{ user: UserDocument; link?: MadeLink }> {
    const { store, passwords, clock } = this.#parts
    const { name, role, services, password } = wish
    if (password !== undefined) refuseWeak(password, name)
    const hash = password === undefined ? undefined : await passwords.make(password)
    return store.inTurn(async () => {
      // The password took its time: who asks may have lost the right meanwhile.
      if (!caller.holds('users:write')) throw tooMuch('the right users:write')
      if (store.get('user', name)) throw userExists(name)
      if (store.all('user').size >= most.users) throw full(most.users, 'accounts')
      const link = hash === undefined ? this.#link(name) : undefined
      const user = { name, role, services, password: hash, link: link?.kept, created: clock.now() }
      await this.#record(caller, 'add account', `${name}, ${inWords(user)}`)
      await store.write(['user', name, user], ['state', 'setup', { at: clock.now() }])
      return { user, ...(link && { link: link.given }) }
    })
  }

  change(
    name: string,
    wish: { role?: Role | undefined; services?: string[] | null | undefined; disabled?: boolean | undefined },
    caller: Caller,
  ): Promise<UserDocument> {
    return this.#alter(name, async (user) => {
      const { role = user.role, disabled = user.disabled } = wish
      const services = wish.services === null ? undefined : (wish.services ?? user.services)
      const next = { ...user, role, services, disabled }
      if (role !== 'admin' || disabled || services) this.#keepOneAdmin(user)
      await this.#record(caller, 'change account', `${name}, ${disabled ? 'disabled' : inWords(next)}`)
      return next
    })
  }

  async reset(name: string, caller: Caller): Promise<MadeLink> {
    let given: MadeLink | undefined
    await this.#alter(name, async (user) => {
      if (user.identity) throw byProvider(name)
      if (this.#isLastAdmin(user) && caller.by !== 'socket') throw lastAdmin(name)
      const link = this.#link(name)
      given = link.given
      await this.#record(caller, 'reset account', name)
      const gone = { password: undefined, totp: undefined, pending: undefined, recovery: undefined }
      return { ...user, ...gone, link: link.kept }
    })
    return given!
  }

  async remove(name: string, caller: Caller): Promise<void> {
    const { store } = this.#parts
    await store.inTurn(async () => {
      this.#keepOneAdmin(this.#user(name))
      await this.#record(caller, 'remove account', name)
      const tokens = [...store.all('token')].filter(([, { owner }]) => owner === name)
      const gone = tokens.map(([hash]): Write => ['token', hash, undefined])
      await store.write(['user', name, undefined], ...this.#sessionsOf(name), ...gone)
    })
    this.#parts.changed()
  }

  /** A token for who asks: with no more than they have themselves. */
  addToken(wish: TokenWish, caller: Caller): Promise<{ id: string; token: string }> {
    const { store, clock } = this.#parts
    this.#refuseUnknown(wish)
    const owner = caller.by === 'socket' ? undefined : caller.actor.name
    if (owner !== undefined) this.#refuseMore(wish, this.#user(owner))
    const expires = wish.expires === undefined ? undefined : endOf(wish.expires, clock.now())
    return store.inTurn(async () => {
      const all = [...store.all('token').values()]
      if (all.length >= most.tokens) throw full(most.tokens, 'tokens')
      if (all.filter((each) => each.owner === owner).length >= most.ofOne)
        throw full(most.ofOne, 'tokens of yours')
      const id = newId(clock.now())
      const token = `${tokenPrefix}${newSecret()}`
      const { name, role, rights, services, networks } = wish
      const document: TokenDocument = {
        id,
        name,
        owner,
        role,
        rights,
        services,
        networks,
        created: clock.now(),
        expires,
      }
      await this.#record(caller, 'create token', `${name}: ${inWords(document)}`)
      await store.write(['token', hashOf(token), document])
      return { id, token }
    })
  }

  async revokeToken(id: string, caller: Caller): Promise<void> {
    await this.#revoke(caller, (token) => {
      const isTheirs = token.owner === caller.actor.name || caller.holds('users:write')
      return isTheirs && token.id === id
    })
  }

  /** The one that a request shows, by its hash: whose it is does not matter. */
  async revokeShown(hash: string, caller: Caller): Promise<void> {
    await this.#revoke(caller, (_, each) => each === hash)
  }

  async endSession(id: string, caller: Caller): Promise<void> {
    const { store } = this.#parts
    await store.inTurn(async () => {
      const found = [...store.all('session')].find(([, session]) => session.id === id)
      const isTheirs = found && (found[1].user === caller.actor.name || caller.holds('users:write'))
      if (!isTheirs) throw notFound('session')
      await this.#record(caller, 'end session', found[1].user)
      await store.write(['session', found[0], undefined])
    })
    this.#parts.changed()
  }

  /** The account that asks. Errors: AUTH_ACCOUNT_NEEDED, where it is none. */
  own(caller: Caller): UserDocument {
    const user = caller.by === 'cookie' ? this.#parts.store.get('user', caller.actor.name!) : undefined
    if (!user) throw accountNeeded()
    return user
  }

  async #revoke(caller: Caller, fits: (token: TokenDocument, hash: string) => boolean): Promise<void> {
    const { store } = this.#parts
    await store.inTurn(async () => {
      const found = [...store.all('token')].find(([hash, token]) => fits(token, hash))
      if (!found) throw notFound('token')
      await this.#record(caller, 'revoke token', found[1].name)
      await store.write(['token', found[0], undefined])
    })
    this.#parts.changed()
  }

  /** Changes an account, and ends its sessions: what it holds is another thing from now on. */
  async #alter(name: string, change: (user: UserDocument) => Promise<UserDocument>): Promise<UserDocument> {
    const { store } = this.#parts
    const changed = await store.inTurn(async () => {
      const next = await change(this.#user(name))
      await store.write(['user', name, next], ...this.#sessionsOf(name))
      return next
    })
    this.#parts.changed()
    return changed
  }

  #user(name: string): UserDocument {
    const user = this.#parts.store.get('user', name)
    if (!user) throw userUnknown(name)
    return user
  }

  /** One who has no password for now is one too: nobody else could give the right back. */
  #isLastAdmin(user: UserDocument): boolean {
    const others = [...this.#parts.store.all('user').values()].filter(({ name }) => name !== user.name)
    return mayAll(user) && !others.some(isAdmin)
  }

  #keepOneAdmin(user: UserDocument): void {
    if (this.#isLastAdmin(user)) throw lastAdmin(user.name)
  }

  #sessionsOf(name: string): Write[] {
    const sessions = [...this.#parts.store.all('session')].filter(([, { user }]) => user === name)
    return sessions.map(([hash]): Write => ['session', hash, undefined])
  }

  #link(user: string) {
    const secret = newSecret()
    const until = this.#parts.clock.now() + linkTime
    return { kept: { hash: hashOf(secret), until }, given: { user, secret, until } }
  }

  async #record({ actor, from, by }: Caller, what: string, about: string): Promise<void> {
    await this.#parts.decisions.granted(actor, { what, rule: by, from, about: about.slice(0, 200) })
  }

  /** A right that nothing asks for opens nothing: it was mistyped. */
  #refuseUnknown({ rights = [] }: TokenWish): void {
    const known = this.#parts.rights()
    for (const text of rights) {
      const [noun = '', verb = ''] = partsOf(text)
      if (!known.has(`${noun}:${verb}`)) throw rightUnknown(text, [...known])
    }
  }

  #refuseMore({ role, rights = [], services }: TokenWish, owner: UserDocument): void {
    const order: Role[] = ['viewer', 'operator', 'admin']
    if (role !== undefined && order.indexOf(role) > order.indexOf(owner.role))
      throw tooMuch(`the role ${role}`)
    if (owner.services && !services && role !== undefined) throw tooMuch('rights for all services')
    const { labels } = this.#parts
    for (const right of rights) {
      const [noun = '', verb = '', pattern] = right.startsWith('hooks:')
        ? ['hooks', 'write']
        : right.split(':')
      const wanted = `${noun}:${verb}` as Parameters<typeof holds>[1]
      const isHeld =
        pattern === undefined ? holds(owner, wanted, undefined, labels) : holdsSome(owner, wanted, labels)
      if (!isHeld) throw tooMuch(`the right ${right}`)
    }
  }
}

function endOf(text: string, now: number): number {
  const end = parseEnd(text, now)
  if (end === undefined) throw expiresInvalid(text)
  return end
}
