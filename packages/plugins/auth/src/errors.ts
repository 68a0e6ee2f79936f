import { InputError, MissingError, nearest, RefusedError, UnavailableError } from '@longshore/core'
import type { Grant } from '@longshore/core'

type Refusal = Grant & { ok: false }

export function unknownCaller(reason: string): Refusal {
  const hint =
    'Sign in, send Authorization: Bearer with a token (longshore token create), or use the longshore command on the machine itself.'
  return { ok: false, rule: 'nobody', code: 'AUTH_NEEDED', reason, hint }
}

export function forbidden(rule: string, right: string, about: string): Refusal {
  return {
    ok: false,
    rule,
    code: 'AUTH_FORBIDDEN',
    reason: `this needs the right ${right}${about}`,
    hint: 'Ask an administrator of this host for it.',
  }
}

/** What an administrator meets too, who would look in vain for somebody to ask. */
export function forbiddenToTokens(rule: string, right: string): Refusal {
  return {
    ...forbidden(rule, right, ''),
    hint: 'No token has it, whoever made it, and so not what longshore login keeps: sign in, or use the longshore command on the machine itself (after longshore logout).',
  }
}

/** The same words whatever was wrong: they tell nobody which names there are. */
export function signInRefused(): RefusedError {
  return new RefusedError('AUTH_SIGN_IN', 'the name, the password or the code is wrong', {
    hint: 'Try again; an administrator can give you a new link by longshore user reset.',
  })
}

export function codeNeeded(): RefusedError {
  return new RefusedError('AUTH_CODE_NEEDED', 'this account needs a code too', {
    hint: 'Send the code of your authenticator, or one of your recovery codes.',
  })
}

export function tooManyTries(seconds: number): UnavailableError {
  return new UnavailableError('AUTH_TRIES', 'there were too many failed tries', {
    hint: `Try again in ${Math.ceil(seconds / 60)} min, or from where you signed in before.`,
  })
}

export function hashesBusy(): UnavailableError {
  return new UnavailableError('AUTH_BUSY', 'too many passwords are being checked', {
    hint: 'Try again in a moment.',
  })
}

export function setUpOver(): MissingError {
  return new MissingError('AUTH_SET_UP', 'this host has its first administrator', {
    hint: 'Sign in, or make another one on the machine: longshore user add NAME --role admin.',
  })
}

export function linkRefused(): RefusedError {
  return new RefusedError('AUTH_LINK', 'this link is not the one that was given out, was used, or is over', {
    hint: 'Look at what longshore serve printed last; an administrator makes a new link by longshore user reset.',
  })
}

export function rightUnknown(right: string, known: string[]): InputError {
  const near = nearest(right.split(':').slice(0, 2).join(':'), known)
  return new InputError('AUTH_RIGHT_UNKNOWN', `nothing asks for the right ${right}`, {
    hint: near ? `Did you mean ${near}?` : 'docs/api.md lists the rights that routes ask for.',
  })
}

export function userUnknown(name: string): MissingError {
  return new MissingError('AUTH_USER_UNKNOWN', `there is no account ${name}`, {
    hint: 'Look at longshore user ls.',
  })
}

export function userExists(name: string): RefusedError {
  return new RefusedError('AUTH_USER_EXISTS', `there is an account ${name} already`, {
    hint: 'Choose another name, or change that one.',
  })
}

export function lastAdmin(name: string): RefusedError {
  return new RefusedError('AUTH_LAST_ADMIN', `${name} is the last one who may everything`, {
    hint: 'Make another administrator first.',
  })
}

export function accountNeeded(): RefusedError {
  return new RefusedError('AUTH_ACCOUNT_NEEDED', 'this is about your own session, and you have none here', {
    hint: 'Sign in with your account first.',
  })
}

export function byProvider(name: string): RefusedError {
  return new RefusedError(
    'AUTH_PROVIDER',
    `${name} signs in by the identity provider, which has its password`,
    {
      hint: 'Change it there.',
    },
  )
}

export function passwordWeak(reason: string): InputError {
  return new InputError('AUTH_PASSWORD_WEAK', reason, {
    hint: 'Take several words that nobody else would put together.',
  })
}

export function notFound(what: string): MissingError {
  return new MissingError('AUTH_UNKNOWN', `there is no such ${what}, or it is not yours`, {
    hint: `Look at longshore ${what} ls.`,
  })
}

export function tooMuch(what: string): RefusedError {
  return new RefusedError('AUTH_TOO_MUCH', `${what}, which you have not yourself`, {
    hint: 'Give it less, or ask who has it.',
  })
}

export function full(most: number, what: string): RefusedError {
  return new RefusedError('AUTH_FULL', `there are ${most} ${what} already`, {
    hint: 'Remove some that nobody uses.',
  })
}

export function expiresInvalid(text: string): InputError {
  return new InputError('AUTH_EXPIRES', `${text} is no time to come, and no span from now on`, {
    hint: 'Such as 2030-01-31T09:00:00Z, or 90d.',
  })
}

export function keyUnsafe(file: string, why: string): InputError {
  return new InputError('AUTH_KEY_UNSAFE', `${file} ${why}`, {
    hint: 'Put the right key back with mode 0600; or remove it, and reset the accounts that need a code.',
  })
}
