import {
  createHash,
  createHmac,
  generateKeyPairSync,
  randomUUID,
  sign,
  type KeyPairKeyObjectResult,
} from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
/** The key that is published, and another one. */
const [key, stranger] = [1, 2].map(() => generateKeyPairSync('rsa', { modulusLength: 2048 })) as [
  KeyPairKeyObjectResult,
  KeyPairKeyObjectResult,
]

/** How an ID token is to be made other than it should. */
export interface Forgery {
  claims?: Record<string, unknown>
  /** What stands in its head instead. */
  head?: Record<string, unknown>
  /** Signed by a key that the provider does not publish, by the client's secret, or not at all. */
  by?: 'stranger' | 'secret' | 'nobody'
}

interface Code {
  challenge: string
  redirect: string
  nonce: string
}

/** A provider of OpenID Connect that can be made to lie: who goes to its door is signed in. */
export class LyingProvider {
  readonly client = { id: 'longshore', secret: 'a secret of the client' }
  /** What the ID token says beside what it has to. */
  claims: Record<string, unknown> = { preferred_username: 'ines', groups: ['ops'] }
  /** What is told of the access token's owner. */
  userinfo: Record<string, unknown> = {}
  forgery: Forgery = {}
  /** Keys of the discovery document that are other than they should be. */
  document: Record<string, unknown> = {}
  /** Answers instead of a route; true when it did. */
  instead: (request: IncomingMessage, response: ServerResponse) => boolean = () => false
  readonly asked: string[] = []
  readonly #codes = new Map<string, Code>()
  #server: Server | undefined
  #port = 0

  get issuer(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async start(): Promise<this> {
    this.#server = createServer((request, response) => void this.#answer(request, response))
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
    return this
  }

  async stop(): Promise<void> {
    const server = this.#server!
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }

  /** What a browser is led back with that was led to `location`. */
  signIn(location: string): Record<string, string> {
    const { searchParams } = new URL(location)
    const code = randomUUID()
    const [challenge, redirect, nonce, state] = ['code_challenge', 'redirect_uri', 'nonce', 'state'].map(
      (name) => searchParams.get(name)!,
    )
    this.#codes.set(code, { challenge: challenge!, redirect: redirect!, nonce: nonce! })
    return { code, state: state!, iss: this.issuer, session_state: 'what some add' }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url!.split('?')[0]!
    this.asked.push(path)
    const chunks = (await request.toArray()) as Buffer[]
    if (this.instead(request, response)) return
    const [status, body] = this.#route(path, request, new URLSearchParams(Buffer.concat(chunks).toString()))
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
  }

  #route(path: string, { headers }: IncomingMessage, form: URLSearchParams): [number, object] {
    if (path === '/.well-known/openid-configuration') return [200, this.#document()]
    if (path === '/jwks') {
      const published = key.publicKey.export({ format: 'jwk' })
      return [200, { keys: [{ ...published, kid: 'one', use: 'sig', alg: 'RS256' }] }]
    }
    if (path === '/userinfo') return [200, { sub: '42', ...this.userinfo }]
    if (path !== '/token') return [404, {}]
    const { id, secret } = this.client
    const basic = `Basic ${Buffer.from(`${id}:${encodeURIComponent(secret).replaceAll('%20', '+')}`).toString('base64')}`
    if (headers.authorization !== basic) return [401, { error: 'invalid_client' }]
    const code = this.#codes.get(form.get('code')!)
    this.#codes.delete(form.get('code')!)
    const challenge = createHash('sha256').update(form.get('code_verifier')!).digest('base64url')
    if (!code || code.challenge !== challenge || code.redirect !== form.get('redirect_uri'))
      return [400, { error: 'invalid_grant', error_description: 'what nobody should see' }]
    return [200, { access_token: 'access', token_type: 'Bearer', id_token: this.#token(code) }]
  }

  #document(): object {
    const { issuer } = this
    return {
      issuer,
      authorization_endpoint: `${issuer}/auth`,
      token_endpoint: `${issuer}/token`,
      userinfo_endpoint: `${issuer}/userinfo`,
      jwks_uri: `${issuer}/jwks`,
      response_types_supported: ['code'],
      id_token_signing_alg_values_supported: ['RS256', 'HS256', 'none'],
      ...this.document,
    }
  }

  #token({ nonce }: Code): string {
    const { by, head = {}, claims = {} } = this.forgery
    const now = Math.floor(Date.now() / 1_000)
    const usual = { iss: this.issuer, aud: this.client.id, sub: '42', iat: now, exp: now + 300, nonce }
    const signed = `${encode({ alg: 'RS256', kid: 'one', ...head })}.${encode({ ...usual, ...this.claims, ...claims })}`
    if (by === 'nobody') return `${signed}.`
    if (by === 'secret')
      return `${signed}.${createHmac('sha256', this.client.secret).update(signed).digest('base64url')}`
    const { privateKey } = by === 'stranger' ? stranger : key
    return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`
  }
}
