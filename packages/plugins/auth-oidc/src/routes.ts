import { JsonReply, StreamReply, type Gate, type SetupContext } from '@longshore/core'
import type { OidcConfig } from './config.js'
import { identityOf } from './identity.js'
import type { Pending } from './pending.js'
import { oidcRoutes as routes } from './protocol.js'
import type { Provider } from './provider.js'

interface Parts {
  config: OidcConfig
  gate: Gate
  provider: Provider
  pending: Pending
  /** The address that the provider leads back to: the only one, whatever a client sends. */
  redirect: string
}

/**
 * A page that leads on to our own. The cookie of a session is not sent with what another site's page led to, and this
 * request is one of those: what this page leads to is not.
 */
const onwards = [
  '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Signed in</title>',
  '<meta http-equiv="refresh" content="0; url=/"></head>',
  '<body><p>Signed in. <a href="/">Go on</a></p></body></html>\n',
].join('')

/** The way to the provider, and the way back. */
export function addRoutes(
  { add }: SetupContext<unknown, Record<never, never>>['routes'],
  { config, gate, provider, pending, redirect }: Parts,
): void {
  add(routes.begin, async ({ knock }) => {
    const { begun, headers } = pending.begin(knock)
    const location = (await provider.addressOf(begun, redirect)).href
    return new JsonReply({ location }, { ...headers, Location: location })
  })
  add(routes.finish, async ({ query, knock }) => {
    const headers = await gate.welcome(async () => {
      const begun = pending.take(query.state ?? '', knock)
      const answer = { redirect, query: textsOf(query) }
      return identityOf(await provider.redeem(begun, answer), config)
    }, knock)
    return new StreamReply('text/html; charset=utf-8', page(), headers)
  })
}

async function* page(): AsyncGenerator<string> {
  yield onwards
}

function textsOf(query: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(query).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  )
}
