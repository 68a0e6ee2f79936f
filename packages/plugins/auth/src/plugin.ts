import { join } from 'node:path'
import {
  Clock,
  Config,
  Contributions,
  definePlugin,
  Gate,
  HostInfo,
  Journal,
  Logger,
  Storage,
} from '@longshore/core'
import { coreRoutes } from '@longshore/core/protocol'
import { addTokens, addUsers } from './account-routes.js'
import { Accounts } from './accounts.js'
import { AuthConfig } from './config.js'
import { Decisions } from './decisions.js'
import { AccountGate } from './gate.js'
import { Limits } from './limits.js'
import { Passwords } from './passwords.js'
import { People } from './people.js'
import { authProtocol } from './protocol/index.js'
import { openKey, Sealer } from './secrets.js'
import { addOwnAccount, addSessions, addSignIn } from './session-routes.js'
import { AuthStore } from './store.js'
import { tidy } from './tidy.js'

/** Accounts, sessions and tokens in the store of this host: who is this, and may they. */
export default definePlugin({
  name: 'auth',
  version: '0.1.0',
  config: AuthConfig,
  protocol: authProtocol,
  provides: [Gate],
  needs: {
    clock: Clock,
    contributions: Contributions,
    declared: Config,
    host: HostInfo,
    journal: Journal,
    log: Logger,
    storage: Storage,
  },
  setup({ config, needs, provide, hooks, routes }) {
    const { clock, contributions, declared, host, journal, storage } = needs
    const log = needs.log.child({ plugin: 'auth' })
    const store = new AuthStore(storage)
    const passwords = new Passwords()
    const limits = new Limits(store, clock, log)
    const decisions = new Decisions({ journal, clock, log })
    const changed = () => gate.tell()
    const labels = (service: string) => declared.current().services[service]?.labels ?? {}
    let sealer: Sealer
    const own = { config, clock, log, store, passwords, limits, decisions, changed }
    const people = new People({ ...own, sealer: () => sealer })
    const rights = () => rightsIn(contributions)
    const accounts = new Accounts({ clock, store, passwords, decisions, labels, rights, changed })
    const welcome: Gate['welcome'] = async (vouch, knock) => (await people.welcome(vouch, knock)).headers
    const gate = new AccountGate({ config, clock, store, decisions, log, labels, welcome })
    provide(Gate, gate)
    const parts = { config, clock, store, people, accounts, passwords, decisions, changed }
    addSignIn(routes, parts)
    addSessions(routes, parts)
    addOwnAccount(routes, parts)
    addUsers(routes, parts)
    addTokens(routes, parts)
    // Labels decide who may do what.
    declared.changed(async () => changed())
    const life = new AbortController()
    let tidying = Promise.resolve()
    hooks.started.tap(async () => {
      sealer = new Sealer(await openKey(join(host.data, 'auth')))
      await store.open()
      tidying = tidy({ store, gate, limits, decisions, clock, log, changed, signal: life.signal })
    })
    hooks.stopping.tap(async () => {
      life.abort()
      await tidying
      await decisions.flush(true)
    })
  },
})

/** The rights that routes, topics and kinds of events ask for; those of the core whoever serves them. */
function rightsIn({ routes, topics, rights }: Contributions): Set<string> {
  const shapes = [
    ...Object.values(coreRoutes),
    ...routes.map(({ shape }) => shape),
    ...topics.map(({ shape }) => shape),
  ]
  const asked = shapes.map(({ right }) => right).filter((right) => right !== 'none')
  return new Set([...asked, ...rights.values(), 'hooks:write'])
}
