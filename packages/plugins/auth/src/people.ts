import {
  describeError,
  LongshoreError,
  newId,
  RefusedError,
  UnavailableError,
  type Clock,
  type Identity,
  type Knock,
  type Logger,
} from '@longshore/core'
import { newRecovery, newTotp, plainRecovery, stepOf } from './codes.js'
import type { AuthConfig } from './config.js'
import { setCookie } from './credentials.js'
import type { Decisions } from './decisions.js'
import { byProvider, codeNeeded, full, linkRefused, setUpOver, signInRefused } from './errors.js'
import { networkOf, type Limits, type Whom } from './limits.js'
import { Role } from './protocol/names.js'
import { refuseWeak, type Passwords } from './passwords.js'
import { hashOf, newSecret, same, type Sealer } from './secrets.js'
import type { AuthStore, UserDocument, Write } from './store.js'

/** Sessions of one account, the newest; and of all. */
const most = { sessions: 50, users: 1_000 }
/** Networks that are remembered of an account. */
const networks = 20

export interface PeopleParts {
  config: AuthConfig
  clock: Clock
  log: Logger
  store: AuthStore
  sealer: () => Sealer
  passwords: Passwords
  limits: Limits
  decisions: Decisions
  /** Told after rights were taken from somebody. */
  changed: () => void
}

/** A session that was just opened: the account, and the header that gives it to the browser. */
export interface Opened {
  user: UserDocument
  headers: Record<string, string>
}

/** A try to come in. */
interface Try {
  /** For the journal. */
  what: string
  whom: Whom
  knock: Knock
}

/** How people come in: by the set-up link, a password and a code, a link that they were sent, an identity provider. */
export class People {
  readonly #parts: PeopleParts
  #setUp: string | undefined

  constructor(parts: PeopleParts) {
    this.#parts = parts
  }

  /** The secret of the set-up link: made anew by each start, as long as there was no administrator. */
  get setUpSecret(): string | undefined {
    return this.#isSetUp ? undefined : (this.#setUp ??= newSecret())
  }

  get #isSetUp(): boolean {
    const { store } = this.#parts
    return store.get('state', 'setup') !== undefined || store.all('user').size > 0
  }

  async setUp(
    given: { token?: string | undefined; name: string; password: string },
    knock: Knock,
  ): Promise<Opened> {
    const { passwords, clock } = this.#parts
    const { token = '', name, password } = given
    if (this.#isSetUp) throw setUpOver()
    return this.#counted({ what: 'set up', whom: undefined, knock }, async () => {
      if (!same(token, this.setUpSecret!)) throw linkRefused()
      refuseWeak(password, name)
      const hash = await passwords.make(password)
      const user: UserDocument = { name, role: 'admin', password: hash, created: clock.now() }
      return this.#open(knock, 'set up', () => {
        // Two who came at the same time: the link opens once.
        if (this.#isSetUp) throw setUpOver()
        return { user, more: [['state', 'setup', { at: clock.now() }]] }
      })
    })
  }

  async signIn(
    given: { name: string; password: string; code?: string | undefined },
    knock: Knock,
  ): Promise<Opened> {
    const { passwords, store } = this.#parts
    const { name, password, code } = given
    const before = store.get('user', name)
    return this.#counted({ what: 'sign in', whom: { name, account: before }, knock }, async () => {
      const isRight = await passwords.fits(password, before?.disabled ? undefined : before?.password)
      const how = before?.totp ? 'sign in by password and code' : 'sign in by password'
      return this.#open(knock, how, () => {
        // As it is now: the account may have changed while the password was checked, and a code counts once.
        const user = store.get('user', name)
        if (!isRight || !user || user.disabled || user.password !== before?.password) throw signInRefused()
        if (user.totp && code === undefined) throw codeNeeded()
        const used = user.totp ? this.#useCode(user, code!) : user
        if (!used) throw signInRefused()
        return { user: used }
      })
    })
  }

  async useLink(given: { token: string; password: string }, knock: Knock): Promise<Opened> {
    const { passwords, store } = this.#parts
    const find = () => [...store.all('user').values()].find((user) => this.#isLinked(user, given.token))
    return this.#counted({ what: 'use link', whom: undefined, knock }, async () => {
      const found = find()
      if (!found) throw linkRefused()
      refuseWeak(given.password, found.name)
      const password = await passwords.make(given.password)
      return this.#open(knock, 'use link', () => {
        const user = find()
        if (!user) throw linkRefused()
        return { user: { ...user, password, link: undefined } }
      })
    })
  }

  /** Lets in whom a provider vouches for: by its name for them, never by a name that a local account has. */
  welcome(vouch: () => Promise<Identity>, knock: Knock): Promise<Opened> {
    // Whose account it will be is not known yet: only the network counts, so that nobody locks others out.
    return this.#counted({ what: 'sign in by provider', whom: 'provider', knock }, async () =>
      this.#letIn(await vouch(), knock),
    )
  }

  /** A new secret for a session, and the header that gives it to the browser. */
  newCookie({ secure }: Knock): { secret: string; headers: Record<string, string> } {
    const secret = newSecret()
    return { secret, headers: setCookie(secret, secure, this.#parts.config.session.absolute / 1_000) }
  }

  /** Writes that end every session of an account. */
  sessionsOf(name: string): Write[] {
    return [...this.#parts.store.all('session')]
      .filter(([, { user }]) => user === name)
      .map(([hash]): Write => ['session', hash, undefined])
  }

  /** Throws unless it is the account's own password; tries count as those to sign in do. */
  async confirm(user: UserDocument, password: string, knock: Knock): Promise<void> {
    if (user.password === undefined) throw byProvider(user.name)
    const whom = { name: user.name, account: user }
    await this.#counted({ what: 'confirm password', whom, knock }, async () => {
      if (!(await this.#parts.passwords.fits(password, user.password))) throw signInRefused()
    })
  }

  beginTotp({ name }: UserDocument): { secret: string; uri: string; pending: string } {
    const { secret, uri } = newTotp(name)
    return { secret, uri, pending: this.#parts.sealer().seal(secret, name) }
  }

  /** The account with what was begun in force, and its recovery codes; undefined when the code is wrong. */
  confirmTotp(user: UserDocument, code: string): { user: UserDocument; recovery: string[] } | undefined {
    const { sealer, clock } = this.#parts
    const secret = user.pending === undefined ? undefined : sealer().open(user.pending, user.name)
    const step = secret === undefined ? undefined : stepOf(secret, code, clock.now(), 0)
    if (step === undefined) return undefined
    const recovery = newRecovery()
    const hashes = recovery.map((each) => hashOf(plainRecovery(each)))
    return {
      user: { ...user, pending: undefined, totp: { sealed: user.pending!, step }, recovery: hashes },
      recovery,
    }
  }

  async #letIn({ issuer, subject, name, role }: Identity, knock: Knock): Promise<Opened> {
    const { store, clock } = this.#parts
    const parsed = Role.parse(role)
    return this.#open(knock, 'sign in by provider', () => {
      const known = [...store.all('user').values()].find(
        ({ identity }) => identity?.issuer === issuer && identity.subject === subject,
      )
      if (known?.disabled) throw signInRefused()
      if (!known && store.all('user').size >= most.users) throw full(most.users, 'accounts')
      const isChanged = known !== undefined && known.role !== parsed
      const made = { name: this.#freeName(name), identity: { issuer, subject }, created: clock.now() }
      return {
        user: { ...(known ?? made), role: parsed },
        more: isChanged ? this.sessionsOf(known!.name) : [],
      }
    })
  }

  /** A session for somebody who has shown who they are: recorded, then written, then given. */
  #open(knock: Knock, what: string, make: () => { user: UserDocument; more?: Write[] }): Promise<Opened> {
    const { store, clock, decisions, changed } = this.#parts
    const { from } = knock
    return store.inTurn(async () => {
      const { user, more = [] } = make()
      const { name, role } = user
      await decisions.granted({ kind: 'user', name }, { what, rule: `role ${role}`, from })
      const { secret, headers } = this.newCookie(knock)
      const now = clock.now()
      const agent = knock.headers['user-agent']?.slice(0, 200)
      const session = { id: newId(now), user: name, created: now, seen: now, from, agent }
      const seenFrom = [...new Set([networkOf(from), ...(user.from ?? [])])].slice(0, networks)
      const kept = { ...user, from: seenFrom }
      const sessions = this.sessionsOf(name)
      const oldest = sessions.slice(0, Math.max(0, sessions.length - most.sessions + 1))
      await store.write(['user', name, kept], ...oldest, ...more, ['session', hashOf(secret), session])
      if (oldest.length > 0 || more.length > 0) changed()
      return { user: kept, headers }
    })
  }

  /** The account after its code was used; undefined when it is wrong or was used before. */
  #useCode(user: UserDocument, code: string): UserDocument | undefined {
    const { sealer, clock } = this.#parts
    const secret = sealer().open(user.totp!.sealed, user.name)
    const step = secret && stepOf(secret, code, clock.now(), user.totp!.step)
    if (step) return { ...user, totp: { ...user.totp!, step } }
    const hash = hashOf(plainRecovery(code))
    if (!user.recovery?.includes(hash)) return undefined
    return { ...user, recovery: user.recovery.filter((each) => each !== hash) }
  }

  #isLinked({ link, disabled }: UserDocument, token: string): boolean {
    return (
      link !== undefined && !disabled && this.#parts.clock.now() < link.until && link.hash === hashOf(token)
    )
  }

  #freeName(wanted: string): string {
    const plain =
      wanted
        .toLowerCase()
        .replace(/[^a-z0-9._@-]+/g, '-')
        .replace(/^[^a-z0-9]+/, '')
        .slice(0, 55) || 'user'
    for (let count = 1; ; count++) {
      const name = count === 1 ? plain : `${plain}-${count}`
      if (!this.#parts.store.get('user', name)) return name
    }
  }

  /** Counts a try before it is known what comes of it, and records it when it is refused. */
  async #counted<T>(tried: Try, work: () => Promise<T>): Promise<T> {
    const { limits } = this.#parts
    const { whom, knock } = tried
    try {
      limits.enter(knock.from, whom)
    } catch (error) {
      this.#refused(tried, error)
      throw error
    }
    try {
      const done = await work()
      limits.forget(knock.from, whom)
      return done
    } catch (error) {
      // Nobody guessed who was not heard, said what cannot be, or is half way in.
      const isGuess = error instanceof RefusedError && error.code !== 'AUTH_CODE_NEEDED'
      if (!isGuess) limits.undo(knock.from, whom)
      if (!(error instanceof UnavailableError)) this.#refused(tried, error)
      throw error
    }
  }

  /**
   * Not waited for: the first refusal of a kind is written and others are counted, and each account is a kind of its own.
   * How long that takes would tell which accounts there are.
   */
  #refused({ what, whom, knock: { from } }: Try, error: unknown): void {
    const { code, reason } = describeError(error)
    // Words that are not ours may hold what a provider said.
    const said = error instanceof LongshoreError ? reason : 'it failed'
    const caller = { actor: { kind: 'nobody' as const }, id: 'nobody', from }
    const refusal = { ok: false as const, rule: 'sign-in', code, reason: `${what}${nameOf(whom)}: ${said}` }
    void this.#parts.decisions.refused(caller, { what }, { ...refusal, hint: '' })
  }
}

/** Whom it was for. What was typed as the name of no account may be anything, a password too. */
function nameOf(whom: Whom): string {
  if (whom === undefined || whom === 'provider') return ''
  return whom.account ? ` as ${whom.name}` : ' as somebody who has no account'
}
