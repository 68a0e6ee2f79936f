import { hostname } from 'node:os'
import { sessionRoutes, tokenRoutes, type Me } from '@longshore/auth/protocol'
import { ApiError, createClient, type Client } from '@longshore/client'
import type { RouteShape } from '@longshore/core/protocol'
import type { Login } from './login.js'

/** Milliseconds that ending a token may take. */
const patience = 10_000

/** A session of the API, for as long as it takes to make a token by it. */
export interface Session {
  /** Makes a token with all that the account may; then signs out, also where none could be made. */
  token(name: string | undefined, expires: string): Promise<Login>
}

/**
 * Comes in by one of the routes that answer a session's cookie, as a browser of that site does. Programs that stay use tokens:
 * this one signs in only to make one.
 */
export async function comeIn(url: URL, route: RouteShape, body: unknown): Promise<Session> {
  let cookie = ''
  const api = createClient({
    url,
    fetch: async (input, init) => {
      const headers = {
        ...(init?.headers as Record<string, string>),
        origin: url.origin,
        ...(cookie && { cookie }),
      }
      const answer = await fetch(input, { ...init, headers })
      cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? cookie
      return answer
    },
  })
  const me = (await api.call(route, { body })) as Me
  return { token: (name, expires) => tokenOf({ api, url, me }, name, expires) }
}

async function tokenOf(
  { api, url, me }: { api: Client; url: URL; me: Me },
  name = `longshore on ${hostname()}`.slice(0, 100),
  expires: string,
): Promise<Login> {
  const { role, services } = me
  try {
    const { id, token } = await api.call(tokenRoutes.addToken, { body: { name, role, services, expires } })
    const { items } = await api.call(tokenRoutes.tokens)
    const made = items.find((each) => each.id === id)
    return { url: url.origin, token, id, user: me.name, expires: made?.expires }
  } finally {
    await api.call(sessionRoutes.signOut)
  }
}

/**
 * Ends a token that `longshore login` made; one that somebody had before is theirs to keep. Answers whether it counts no
 * more: a Longshore that is away, or does not know it, does not stand in the way.
 */
export async function revoke({ url, token, id }: Login): Promise<boolean> {
  if (id === undefined) return false
  const api = createClient({ url, token })
  return api.call(sessionRoutes.signOut, {}, { timeout: patience }).then(
    () => true,
    (error: unknown) => error instanceof ApiError && error.code === 'AUTH_NEEDED',
  )
}

/** A token that somebody has already, after a look at whether it counts. */
export async function ownToken(url: URL, token: string): Promise<Login> {
  const { name } = await createClient({ url, token }).call(sessionRoutes.me)
  return { url: url.origin, token, user: name }
}
