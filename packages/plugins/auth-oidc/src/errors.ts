import { InputError, RefusedError, UnavailableError } from '@longshore/core'

export function urlMissing(): InputError {
  return new InputError('OIDC_URL', 'auth.oidc needs web.url: the provider leads browsers back to it', {
    hint: 'Set web.url to the address that people type, such as https://ship.example.',
  })
}

/** Nobody can tell now. `why` holds nothing that the provider said. */
export function providerAway(issuer: string, why: string): UnavailableError {
  return new UnavailableError('OIDC_AWAY', `the identity provider ${issuer} cannot be asked: ${why}`, {
    hint: 'Try again later, or sign in by a password. longshore doctor tells whether it answers.',
  })
}

export function addressUnfit(issuer: string): UnavailableError {
  return providerAway(issuer, 'it names an address that is not https')
}

export function clientRefused(issuer: string): UnavailableError {
  return new UnavailableError('OIDC_CLIENT', `the identity provider ${issuer} refuses Longshore itself`, {
    hint: 'Compare auth.oidc.clientId, clientSecret and the redirect address with what the provider has.',
  })
}

export function busy(): UnavailableError {
  return new UnavailableError('OIDC_BUSY', 'too many people are signing in', {
    hint: 'Try again in a moment.',
  })
}

/** The same whatever it was: missing, of another browser, changed, over, used. Nothing was asked of the provider, and nobody guessed. */
export function stateRefused(): InputError {
  return new InputError(
    'OIDC_STATE',
    'this sign-in was not begun in this browser, took longer than 10 minutes, or was finished already',
    { hint: 'Begin again at /api/v1/session/oidc, under the address of web.url.' },
  )
}

export function notSignedIn(why: string): RefusedError {
  return new RefusedError('OIDC_DENIED', `the identity provider signed nobody in: ${why}`, {
    hint: 'Begin again; if it stays so, look at the log of the provider.',
  })
}

/** `rule` names the check, never a value of the answer. */
export function answerRefused(rule: string): RefusedError {
  return new RefusedError('OIDC_ANSWER', `what the identity provider answered does not hold: ${rule}`, {
    hint: 'Begin again; if it stays so, compare issuer and client with the provider, and both clocks.',
  })
}

export function noRole(claim: string): RefusedError {
  return new RefusedError('OIDC_NO_ROLE', `no group of the claim ${claim} gives a role here`, {
    hint: 'Ask to be put into a group that auth.oidc.roles names; the provider has to send the claim.',
  })
}

export function mailUnverified(): RefusedError {
  return new RefusedError('OIDC_MAIL', 'the provider has not verified the e-mail that people are called by', {
    hint: 'Verify it there, or take another claim for auth.oidc.name.',
  })
}
