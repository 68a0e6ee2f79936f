import { BusyError, InputError, MissingError, UnprovenError } from '@longshore/core'

export function forgeUnknown(): MissingError {
  return new MissingError('HOOK_FORGE_UNKNOWN', 'no such forge is configured', {
    hint: 'Name it, with its secret, in the section `hooks` of the config.',
  })
}

/** The same for whatever gave them away, and whatever they asked for. */
export function senderUnknown(code: string): UnprovenError {
  return new UnprovenError(code, 'the webhook bears no signature that is known here', {
    hint: 'Give the forge the secret that the section `hooks` of the config names for it; longshore doctor says whether it can be read. A token counts at hooks/generic/SERVICE, with the right hooks:SERVICE.',
  })
}

export function notPush(reason: string): InputError {
  return new InputError(
    'HOOK_MALFORMED',
    `the webhook is signed, but it is not what it says it is: ${reason}`,
    {
      hint: 'Look whether something between the forge and this host changes what is sent.',
    },
  )
}

export function tooMany(): BusyError {
  return new BusyError('HOOK_TOO_MANY', 'more webhooks come than are worked on', {
    hint: 'Send it again in some seconds; what was pushed is found by the next poll in any case.',
  })
}

/** Only who can sign is told. */
export function serviceUnknownHere(): MissingError {
  return new MissingError('HOOK_SERVICE_UNKNOWN', 'this host runs no service of that name', {
    hint: 'Mend the address in the forge, or leave the service out of it: then the repository counts.',
  })
}
