import { JsonReply, type Caller, type Clock, type Knock, type SetupContext } from '@longshore/core'
import type { Accounts } from './accounts.js'
import type { AuthConfig } from './config.js'
import { bearerOf, cookieOf, setCookie } from './credentials.js'
import type { Decisions } from './decisions.js'
import { accountNeeded, signInRefused } from './errors.js'
import { refuseWeak, type Passwords } from './passwords.js'
import type { Opened, People } from './people.js'
import { sessionRoutes as routes } from './protocol/index.js'
import { hashOf } from './secrets.js'
import type { AuthStore, UserDocument } from './store.js'
import { localMe, meView, sessionView, tokenMe } from './views.js'

export interface RouteParts {
  config: AuthConfig
  clock: Clock
  store: AuthStore
  people: People
  accounts: Accounts
  passwords: Passwords
  decisions: Decisions
  /** Told after rights were taken from somebody. */
  changed: () => void
}

type Adder = SetupContext<unknown, Record<never, never>>['routes']
type Asked = { caller: Caller; knock: Knock }

const ok = { ok: true as const }

/** How people come in and go. */
export function addSignIn({ add }: Adder, parts: RouteParts): void {
  const { people, config, store } = parts
  const opened = ({ user, headers }: Opened) =>
    new JsonReply(meView(user, parts.clock.now() + config.session.idle), headers)
  add(routes.setUpLink, async () => {
    const secret = people.setUpSecret
    return { path: secret === undefined ? null : `/setup#${secret}` }
  })
  add(routes.setUp, async ({ body, knock }) => opened(await people.setUp(body, knock)))
  add(routes.signIn, async ({ body, knock }) => opened(await people.signIn(body, knock)))
  add(routes.useLink, async ({ body, knock }) => opened(await people.useLink(body, knock)))
  add(routes.me, async ({ caller, knock }) => {
    if (caller.by === 'socket') return localMe(caller)
    const shown = tokenHash(knock)
    if (shown !== undefined) return tokenMe(store.get('token', shown)!)
    const session = store.get('session', sessionHash(knock))!
    const { expires } = sessionView(session, true, config)
    return meView(store.get('user', session.user)!, Date.parse(expires))
  })
  add(routes.signOut, async ({ caller, knock }) => {
    if (caller.by === 'token') {
      await parts.accounts.revokeShown(tokenHash(knock)!, caller)
      return ok
    }
    parts.accounts.own(caller)
    await end(parts, [sessionHash(knock)])
    return new JsonReply(ok, setCookie(undefined, knock.secure, 0))
  })
}

/** What people do about their own sessions. */
export function addSessions({ add }: Adder, parts: RouteParts): void {
  const { store, config, accounts } = parts
  add(routes.sessions, async ({ caller, knock, query }) => {
    const isMine = (user: string) => user === caller.actor.name && caller.by === 'cookie'
    const all = query.all === '1' && caller.holds('users:read')
    const own = cookieOf(knock) === undefined ? undefined : sessionHash(knock)
    const shown = [...store.all('session')].filter(([, { user }]) => all || isMine(user))
    return { items: shown.map(([hash, session]) => sessionView(session, hash === own, config)), next: null }
  })
  add(routes.endSessions, async ({ caller, knock }) => {
    const { name } = accounts.own(caller)
    const others = [...store.all('session')].filter(
      ([hash, { user }]) => user === name && hash !== sessionHash(knock),
    )
    await end(
      parts,
      others.map(([hash]) => hash),
    )
    return { ended: others.length }
  })
  add(routes.endSession, async ({ caller, params: { id } }) => {
    await accounts.endSession(id, caller)
    return ok
  })
}

/** What people do about their own password and code. */
export function addOwnAccount({ add }: Adder, parts: RouteParts): void {
  const { people, accounts, passwords } = parts
  add(routes.password, async ({ caller, knock, body }) => {
    const user = accounts.own(caller)
    await people.confirm(user, body.password, knock)
    refuseWeak(body.next, user.name)
    const password = await passwords.make(body.next)
    return rotated(parts, { caller, knock }, 'change password', user, (now) => ({ ...now, password }))
  })
  add(routes.totp, async ({ caller, knock, body }) => {
    const user = accounts.own(caller)
    await people.confirm(user, body.password, knock)
    const { secret, uri, pending } = people.beginTotp(user)
    await parts.store.inTurn(() =>
      parts.store.write(['user', user.name, { ...accounts.own(caller), pending }]),
    )
    return { secret, uri }
  })
  add(routes.confirmTotp, async ({ caller, knock, body }) => {
    let recovery: string[] = []
    const own = accounts.own(caller)
    const reply = await rotated(parts, { caller, knock }, 'ask for a code', own, (now) => {
      const confirmed = people.confirmTotp(now, body.code)
      if (!confirmed) throw signInRefused()
      recovery = confirmed.recovery
      return confirmed.user
    })
    return new JsonReply({ recovery }, reply.headers)
  })
  add(routes.dropTotp, async ({ caller, knock, body }) => {
    const own = accounts.own(caller)
    await people.confirm(own, body.password, knock)
    const gone = { totp: undefined, pending: undefined, recovery: undefined }
    return rotated(parts, { caller, knock }, 'ask for no code', own, (now) => ({ ...now, ...gone }))
  })
}

/** Changes what an account signs in by: its other sessions end, and the one that asks gets a new secret. */
async function rotated(
  { store, people, accounts, decisions, changed }: RouteParts,
  { caller, knock }: Asked,
  what: string,
  was: UserDocument,
  change: (user: UserDocument) => UserDocument,
): Promise<JsonReply<typeof ok>> {
  const { secret, headers } = people.newCookie(knock)
  await store.inTurn(async () => {
    const user = accounts.own(caller)
    const before = sessionHash(knock)
    const session = store.get('session', before)
    // Somebody may have ended, disabled or reset it while the password was checked.
    if (!session || user.disabled || user.password !== was.password) throw accountNeeded()
    const next = change(user)
    await decisions.granted(caller.actor, { what, rule: 'own account', from: knock.from })
    await store.write(['user', user.name, next], ...people.sessionsOf(user.name), [
      'session',
      hashOf(secret),
      session,
    ])
  })
  changed()
  return new JsonReply(ok, headers)
}

async function end({ store, changed }: RouteParts, hashes: string[]): Promise<void> {
  await store.inTurn(() =>
    store.write(...hashes.map((hash) => ['session', hash, undefined] as ['session', string, undefined])),
  )
  changed()
}

function tokenHash({ headers }: Knock): string | undefined {
  const bearer = bearerOf(headers['authorization'] ?? '')
  return bearer === undefined ? undefined : hashOf(bearer)
}

function sessionHash(knock: Knock): string {
  return hashOf(cookieOf(knock) ?? '')
}
