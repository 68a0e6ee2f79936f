import type { Caller, SetupContext } from '@longshore/core'
import type { Accounts } from './accounts.js'
import { tokenRoutes, userRoutes } from './protocol/index.js'
import type { AuthStore } from './store.js'
import { linkView, tokenView, userView } from './views.js'

interface Parts {
  store: AuthStore
  accounts: Accounts
}

type Adder = SetupContext<unknown, Record<never, never>>['routes']

const ok = { ok: true as const }

/** What administrators do about accounts. */
export function addUsers({ add }: Adder, { store, accounts }: Parts): void {
  const seenAt = (name: string) => {
    const times = [...store.all('session').values()]
      .filter(({ user }) => user === name)
      .map(({ seen }) => seen)
    return times.length === 0 ? undefined : Math.max(...times)
  }
  add(userRoutes.users, async () => {
    const users = [...store.all('user').values()].sort((a, b) => (a.name < b.name ? -1 : 1))
    return { items: users.map((user) => userView(user, seenAt(user.name))), next: null }
  })
  add(userRoutes.addUser, async ({ body, caller }) => {
    const { user, link } = await accounts.add(body, caller)
    return { user: userView(user, undefined), ...(link && { link: linkView(link) }) }
  })
  add(userRoutes.changeUser, async ({ params, body, caller }) => {
    const user = await accounts.change(params.user, body, caller)
    return userView(user, undefined)
  })
  add(userRoutes.resetUser, async ({ params, caller }) => linkView(await accounts.reset(params.user, caller)))
  add(userRoutes.removeUser, async ({ params, caller }) => {
    await accounts.remove(params.user, caller)
    return ok
  })
}

/** What everybody does about tokens of their own. */
export function addTokens({ add }: Adder, { store, accounts }: Parts): void {
  const isTheirs = (owner: string | undefined, caller: Caller) =>
    caller.by === 'socket' ? owner === undefined : caller.by === 'cookie' && owner === caller.actor.name
  add(tokenRoutes.tokens, async ({ caller, query }) => {
    const all = query.all === '1' && caller.holds('users:read')
    const shown = [...store.all('token').values()].filter(({ owner }) => all || isTheirs(owner, caller))
    return { items: shown.map(tokenView), next: null }
  })
  add(tokenRoutes.addToken, ({ body, caller }) => accounts.addToken(body, caller))
  add(tokenRoutes.revokeToken, async ({ params: { id }, caller }) => {
    await accounts.revokeToken(id, caller)
    return ok
  })
}
