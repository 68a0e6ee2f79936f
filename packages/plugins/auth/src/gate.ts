import { BlockList, isIP } from 'node:net'
import type { Ask, Caller, Clock, Gate, Grant, Identity, Knock, Logger } from '@longshore/core'
import type { Actor, Right } from '@longshore/core/protocol'
import type { AuthConfig } from './config.js'
import { bearerOf, cookieOf } from './credentials.js'
import type { Decisions } from './decisions.js'
import { forbidden, forbiddenToTokens, unknownCaller } from './errors.js'
import {
  forPeople,
  holds,
  holdsSome,
  inWords,
  isAdmin,
  tokenHolds,
  type Holding,
  type Labels,
} from './rights.js'
import { hashOf } from './secrets.js'
import type { AuthStore, TokenDocument } from './store.js'
import { accountName, isDirect } from './way.js'

/** Milliseconds within which being seen again is not written down. */
const seenEvery = 60_000

interface Parts {
  config: AuthConfig
  clock: Clock
  store: AuthStore
  decisions: Decisions
  log: Logger
  labels: Labels
  /** What a person does whom a provider vouches for. */
  welcome: Gate['welcome']
}

/** What a caller holds now, by which rule; undefined: nothing any more. */
type Held = { holding: Holding; isToken: boolean; owner?: Holding | undefined; rule: string } | undefined

/** Who a request comes from, and whether they may: judged anew each time, by the accounts as they are. */
export class AccountGate implements Gate {
  readonly #parts: Parts
  readonly #listeners = new Set<() => void>()
  /** What a caller's rights are looked up by. */
  readonly #held = new WeakMap<Caller, () => Held>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  async who(knock: Knock): Promise<Caller> {
    const { from, headers } = knock
    if (knock.local) return this.#socket()
    if (headers['authorization'] !== undefined) {
      const bearer = bearerOf(headers['authorization'])
      return (bearer !== undefined && (await this.#byToken(hashOf(bearer), from))) || this.#nobody(knock)
    }
    const cookie = cookieOf(knock)
    return (cookie !== undefined && this.#bySession(hashOf(cookie), from)) || this.#nobody(knock)
  }

  async may(caller: Caller, ask: Ask): Promise<Grant> {
    const { right, service, scoped, what, changes } = ask
    const held = this.#held.get(caller)?.()
    const grant = this.#judge(caller, held, ask)
    if (!grant.ok) await this.#parts.decisions.refused(caller, { what, right, service }, grant)
    // What comes by the socket is told by the event of what it does.
    else if (changes && caller.by !== 'socket') {
      const { actor, from } = caller
      await this.#parts.decisions.granted(
        actor,
        { what, rule: grant.rule, right, from },
        scoped ? undefined : service,
      )
    }
    return grant
  }

  changed(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  guards(): boolean {
    return [...this.#parts.store.all('user').values()].some(isAdmin)
  }

  welcome(vouch: () => Promise<Identity>, knock: Knock): Promise<Record<string, string>> {
    return this.#parts.welcome(vouch, knock)
  }

  /** Tells those who keep something open that rights were taken from somebody. */
  tell(): void {
    for (const listener of this.#listeners) listener()
  }

  /** Whether a session of the store still counts. */
  isOpen(session: { created: number; seen: number }): boolean {
    const { idle, absolute } = this.#parts.config.session
    const now = this.#parts.clock.now()
    // A clock that was set back makes nothing younger than new.
    return now - session.created < absolute && now - session.seen < idle
  }

  isUsable({ expires }: TokenDocument): boolean {
    return expires === undefined || this.#parts.clock.now() < expires
  }

  #judge({ by }: Caller, held: Held, { right, service, scoped }: Ask): Grant {
    if (held) {
      const isHeld = (service?: string) => this.#holds(held, right, service)
      if (isHeld(service) || (scoped && service === undefined && this.#holdsSome(held, right)))
        return { ok: true, rule: held.rule }
    }
    if (by === 'nothing') return unknownCaller('nobody is known by what this request shows')
    if (!held) return unknownCaller('what this showed does not count any more')
    if (held.isToken && forPeople.has(right)) return forbiddenToTokens(held.rule, right)
    return forbidden(held.rule, right, service === undefined ? '' : ` for ${service}`)
  }

  #holds({ holding, isToken, owner }: NonNullable<Held>, right: Right, service?: string): boolean {
    if (!isToken) return holds(holding, right, service, this.#parts.labels)
    return (
      tokenHolds(holding, right, service, this.#parts.labels) &&
      (!owner || holds(owner, right, service, this.#parts.labels))
    )
  }

  #holdsSome({ holding, isToken, owner }: NonNullable<Held>, right: Right): boolean {
    if (isToken && forPeople.has(right)) return false
    return (
      holdsSome(holding, right, this.#parts.labels) && (!owner || holdsSome(owner, right, this.#parts.labels))
    )
  }

  #caller(caller: Omit<Caller, 'holds'>, held: () => Held): Caller {
    const made: Caller = {
      ...caller,
      holds: (right, service) => {
        const now = held()
        return now !== undefined && this.#holds(now, right, service)
      },
    }
    this.#held.set(made, held)
    return made
  }

  #socket(): Caller {
    const held = (): Held => ({ holding: { role: 'admin' }, isToken: false, rule: 'socket' })
    const actor = { kind: 'local', name: accountName() } satisfies Actor
    return this.#caller({ actor, by: 'socket', id: 'local', from: undefined }, held)
  }

  /** On this machine itself the figures may be read without a name: a scraper beside Longshore needs no token. */
  #nobody(knock: Knock): Caller {
    const open: Held =
      isDirect(knock) && knock.headers['authorization'] === undefined
        ? { holding: { rights: ['metrics:read'] }, isToken: true, rule: 'loopback' }
        : undefined
    const { from } = knock
    return this.#caller({ actor: { kind: 'nobody' }, by: 'nothing', id: `nobody ${from}`, from }, () => open)
  }

  #bySession(hash: string, from: string | undefined): Caller | undefined {
    const { store, clock, log } = this.#parts
    const held = (): Held => {
      const session = store.get('session', hash)
      const user = session && store.get('user', session.user)
      if (!session || !user || user.disabled || !this.isOpen(session)) return undefined
      return { holding: user, isToken: false, rule: inWords(user) }
    }
    if (!held()) return undefined
    const session = store.get('session', hash)!
    const seen = clock.now()
    if (seen - session.seen > seenEvery)
      store.touch(['session', hash, { ...session, seen }], (error) =>
        log.warn({ error }, 'a session was not kept'),
      )
    const actor = { kind: 'user', name: session.user } satisfies Actor
    return this.#caller({ actor, by: 'cookie', id: `user ${session.user}`, from }, held)
  }

  async #byToken(hash: string, from: string | undefined): Promise<Caller | undefined> {
    const { store } = this.#parts
    const held = (): Held => {
      const token = store.get('token', hash)
      if (!token || !this.isUsable(token) || !isWithin(token.networks, from)) return undefined
      const owner = token.owner === undefined ? undefined : store.get('user', token.owner)
      if (token.owner !== undefined && (!owner || owner.disabled)) return undefined
      return {
        holding: token,
        isToken: true,
        owner,
        rule: `token ${token.name}: ${inWords(token)}`.slice(0, 200),
      }
    }
    if (!held()) return undefined
    const token = store.get('token', hash)!
    const actor = { kind: 'token', name: token.name } satisfies Actor
    await this.#use(hash, token, actor, from)
    return this.#caller({ actor, by: 'token', id: `token ${token.id}`, from }, held)
  }

  async #use(hash: string, token: TokenDocument, actor: Actor, from: string | undefined): Promise<void> {
    const { store, clock, decisions, log } = this.#parts
    const used = clock.now()
    if (token.used !== undefined && used - token.used < seenEvery) return
    store.touch(['token', hash, { ...token, used }], (error) => log.warn({ error }, 'a token was not kept'))
    const isNew = token.used === undefined || used - token.used > 24 * 3_600_000
    if (isNew)
      await decisions.granted(actor, { what: 'use token', rule: inWords(token), from, about: token.name })
  }
}

function isWithin(networks: readonly string[] | undefined, from: string | undefined): boolean {
  if (networks === undefined) return true
  if (from === undefined || isIP(from) === 0) return false
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    const kind = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    list.addSubnet(address, Number(bits ?? (kind === 'ipv6' ? 128 : 32)), kind)
  }
  return list.check(from, isIP(from) === 6 ? 'ipv6' : 'ipv4')
}
