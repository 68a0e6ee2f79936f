import type { Caller } from '@longshore/core'
import type { AuthConfig } from './config.js'
import type { MadeLink } from './accounts.js'
import type { Me, Session, Token, User } from './protocol/names.js'
import type { SessionDocument, TokenDocument, UserDocument } from './store.js'

const timeOf = (time: number) => new Date(time).toISOString()

/** Accounts as the API answers them: nothing that opens anything, nor its hash. */
export function userView(user: UserDocument, seen: number | undefined): User {
  const { name, role, services, disabled = false, created, totp, password, identity } = user
  const signsIn = identity ? 'provider' : password === undefined ? 'link' : 'password'
  return {
    name,
    role,
    services,
    signsIn,
    totp: totp !== undefined,
    disabled,
    created: timeOf(created),
    ...(seen !== undefined && { seen: timeOf(seen) }),
  }
}

export function sessionView(session: SessionDocument, current: boolean, config: AuthConfig): Session {
  const { id, user, created, seen, from, agent } = session
  const expires = Math.min(created + config.session.absolute, seen + config.session.idle)
  return {
    id,
    user,
    created: timeOf(created),
    seen: timeOf(seen),
    expires: timeOf(expires),
    from,
    agent,
    current,
  }
}

export function tokenView({ created, expires, used, ...token }: TokenDocument): Token {
  return {
    ...token,
    created: timeOf(created),
    ...(expires !== undefined && { expires: timeOf(expires) }),
    ...(used !== undefined && { used: timeOf(used) }),
  }
}

/** The path of the page on which a link's password is chosen; what is behind # stays in the browser. */
export function linkView({ user, secret, until }: MadeLink) {
  return { user, path: `/link#${secret}`, expires: timeOf(until) }
}

export function meView({ name, role, services, totp, recovery }: UserDocument, expires: number): Me {
  return {
    by: 'cookie',
    name,
    role,
    services,
    totp: totp !== undefined,
    recovery: recovery?.length ?? 0,
    expires: timeOf(expires),
  }
}

export function tokenMe({ name, role, rights, services, expires }: TokenDocument): Me {
  return {
    by: 'token',
    name,
    role,
    rights,
    services,
    ...(expires !== undefined && { expires: timeOf(expires) }),
  }
}

export function localMe({ actor }: Caller): Me {
  return { by: 'socket', name: actor.name ?? 'local', role: 'admin' }
}
