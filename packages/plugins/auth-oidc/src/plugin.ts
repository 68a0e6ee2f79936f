import { Clock, Config, definePlugin, Gate, Logger, Secrets } from '@longshore/core'
import { z } from 'zod'
import { OidcConfig } from './config.js'
import { urlMissing } from './errors.js'
import { Pending } from './pending.js'
import { Provider } from './provider.js'
import { addRoutes } from './routes.js'

const callback = '/api/v1/session/oidc/callback'
/** As much of the config as says where people find this host. */
const Declared = z.looseObject({ web: z.looseObject({ url: z.instanceof(URL) }) })

/** Sign-in by an OpenID Connect provider, whose groups are roles; nothing of it is there without `auth.oidc`. */
export default definePlugin({
  name: 'auth-oidc',
  version: '0.1.0',
  config: OidcConfig,
  section: ['auth', 'oidc'],
  needs: { clock: Clock, declared: Config, gate: Gate, log: Logger, secrets: Secrets },
  setup({ config, needs, routes, hooks, doctor }) {
    if (!config) return
    const { clock, declared, gate, secrets } = needs
    const { data } = Declared.safeParse(declared.current())
    if (!data) throw urlMissing()
    const redirect = `${data.web.url.origin}${callback}`
    const log = needs.log.child({ plugin: 'auth-oidc' })
    const provider = new Provider({ config, clock, log, secrets })
    addRoutes(routes, { config, gate, provider, pending: new Pending(clock), redirect })
    doctor.add('identity provider', async () => provider.line())
    const life = new AbortController()
    let following = Promise.resolve()
    hooks.started.tap(() => {
      following = provider.follow(life.signal)
    })
    hooks.stopping.tap(async () => {
      life.abort()
      await following
    })
  },
})
