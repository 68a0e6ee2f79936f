import { LongshoreError, type Secret } from '@longshore/core'
import {
  allowInsecureRequests,
  AuthorizationResponseError,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  ClientError,
  ClientSecretBasic,
  ClientSecretPost,
  Configuration,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  fetchUserInfo,
  None,
  ResponseBodyError,
  type ClientAuth,
  type CustomFetch,
  type ServerMetadata,
} from 'openid-client'
import type { OidcConfig } from './config.js'
import { addressUnfit, answerRefused, clientRefused, notSignedIn, providerAway } from './errors.js'
import { fetchFrom } from './fetch.js'
import { claimsWanted, type Claims } from './identity.js'
import type { Begun } from './pending.js'

/** What a provider says of itself. */
export type Metadata = ServerMetadata

/** Asks the issuer who it is; errors: it cannot be asked, or says that it is another one. */
export async function discover({ issuer, clientId }: OidcConfig): Promise<Metadata> {
  const execute = issuer.startsWith('http:') ? [allowInsecureRequests] : []
  const found = await discovery(new URL(issuer), clientId, undefined, None(), {
    [customFetch]: fetchFrom(issuer) as CustomFetch,
    execute,
  }).catch((error: unknown) => {
    throw innerOf(error) ?? providerAway(issuer, 'its discovery document does not fit')
  })
  const metadata = { ...found.serverMetadata() }
  // The library lets some vendors' issuers differ from what was asked for: those sign in other people's customers too.
  if (new URL(metadata.issuer).href !== new URL(issuer).href)
    throw providerAway(issuer, 'it calls itself by another name')
  return metadata
}

/** Where to lead a browser. */
export async function addressOf(
  metadata: Metadata,
  config: OidcConfig,
  { state, nonce, verifier }: Begun,
  redirect: string,
): Promise<URL> {
  const challenge = await calculatePKCECodeChallenge(verifier)
  try {
    return buildAuthorizationUrl(clientOf(metadata, config, None()), {
      redirect_uri: redirect,
      scope: config.scopes.join(' '),
      state,
      nonce,
      code_challenge: challenge,
      code_challenge_method: 'S256',
    })
  } catch {
    throw providerAway(config.issuer, 'it names no fit address to lead people to')
  }
}

/** What the browser brought back, and the address that it came to. */
export interface Answer {
  redirect: string
  query: Readonly<Record<string, string>>
}

/**
 * Exchanges the code for what the provider says of somebody. Signature, issuer, audience, times and nonce are checked; the
 * tokens are dropped.
 */
export async function redeem(
  metadata: Metadata,
  config: OidcConfig,
  { begun, answer, secret }: { begun: Begun; answer: Answer; secret: Secret },
): Promise<Claims> {
  const client = clientOf(metadata, config, proofOf(metadata)(secret.open()))
  const address = new URL(answer.redirect)
  address.search = new URLSearchParams(answer.query).toString()
  try {
    const tokens = await authorizationCodeGrant(client, address, {
      pkceCodeVerifier: begun.verifier,
      expectedState: begun.state,
      expectedNonce: begun.nonce,
      idTokenExpected: true,
    })
    const claims = tokens.claims()!
    // The library asks this of tokens for several clients only; a token that another client asked for is none of ours.
    if (claims.azp !== undefined && claims.azp !== config.clientId) throw answerRefused('azp')
    // Many providers keep what is not about the sign-in itself for this question.
    const lacks = claimsWanted(config).some((each) => claims[each] === undefined)
    if (!lacks || metadata.userinfo_endpoint === undefined) return claims
    return { ...(await fetchUserInfo(client, tokens.access_token, claims.sub)), ...claims }
  } catch (error) {
    throw innerOf(error) ?? translate(error, config.issuer)
  }
}

function clientOf(metadata: Metadata, { issuer, clientId }: OidcConfig, proof: ClientAuth): Configuration {
  const client = new Configuration(metadata, clientId, undefined, proof)
  client[customFetch] = fetchFrom(issuer) as CustomFetch
  if (issuer.startsWith('http:')) allowInsecureRequests(client)
  enableNonRepudiationChecks(client)
  return client
}

/** Basic is what a provider takes that does not say (OpenID Connect Discovery 1.0, 3). */
function proofOf({ token_endpoint_auth_methods_supported: taken }: Metadata): (secret: string) => ClientAuth {
  return !taken || taken.includes('client_secret_basic') ? ClientSecretBasic : ClientSecretPost
}

/** An error of ours that the library has wrapped. */
function innerOf(error: unknown): LongshoreError | undefined {
  if (error instanceof LongshoreError) return error
  return error instanceof Error && error.cause !== error ? innerOf(error.cause) : undefined
}

const known = /^[a-z_]{1,40}$/

/** In words that hold nothing of a token: the library's errors carry whole answers. */
function translate(error: unknown, issuer: string): LongshoreError {
  const word = (text: string) => (known.test(text) ? text : 'an error')
  if (error instanceof AuthorizationResponseError) return notSignedIn(word(error.error))
  if (error instanceof ResponseBodyError) {
    if (['invalid_client', 'unauthorized_client'].includes(error.error)) return clientRefused(issuer)
    return notSignedIn(word(error.error))
  }
  const code = (error instanceof ClientError && error.code) || 'unknown'
  // Such as file:, which is never fetched.
  return code === 'OAUTH_REQUEST_PROTOCOL_FORBIDDEN' ? addressUnfit(issuer) : answerRefused(code)
}
