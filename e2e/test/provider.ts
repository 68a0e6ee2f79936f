import { once } from 'node:events'
import { createServer } from 'node:http'
import { Provider } from 'oidc-provider'
import { onTestFinished } from 'vitest'
import { freePort } from './place.js'

/** What a Longshore shows the provider. */
export const clientSecret = 'the secret of the client'
/** Whom the provider knows, by their groups. */
const people: Record<string, string[]> = { ines: ['staff', 'ops'], mallory: ['staff'] }

/** A real provider; the test says when it is there. */
export async function providerFor(url: string) {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'longshore',
        client_secret: clientSecret,
        redirect_uris: [`${url}/api/v1/session/oidc/callback`],
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
    ],
    claims: { openid: ['sub'], profile: ['preferred_username'], email: ['email'], groups: ['groups'] },
    findAccount: (_, sub) => ({
      accountId: sub,
      claims: () => ({ sub, preferred_username: sub, groups: people[sub] ?? [] }),
    }),
    pkce: { required: () => true },
    cookies: { keys: ['a key of the cookies'] },
  })
  const answer = provider.callback()
  const server = createServer((request, response) => void answer(request, response))
  const start = async () => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { issuer, start }
}
