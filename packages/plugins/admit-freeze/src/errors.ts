import { InputError, MissingError, RefusedError } from '@longshore/core'

export function freezeUnknown(id: string): MissingError {
  return new MissingError('FREEZE_UNKNOWN', `there is no freeze ${id}, or it is over`, {
    hint: 'Look at longshore freezes.',
  })
}

export function labelUnknown(label: string): MissingError {
  return new MissingError('LABEL_UNKNOWN', `no service of this host bears the label ${label}`, {
    hint: 'Look at services.NAME.labels in the config.',
  })
}

export function freezeUntil(until: string): InputError {
  return new InputError(
    'FREEZE_UNTIL',
    `a freeze cannot last until ${until}: that is over, or too far away`,
    {
      hint: 'Name a time to come, or a span from now on, such as 2h.',
    },
  )
}

export function freezesFull(count: number): RefusedError {
  return new RefusedError('FREEZES_FULL', `${count} freezes are in force already`, {
    hint: 'Lift some of them, or freeze the whole host by one.',
  })
}

export function freezeTooWide(): RefusedError {
  return new RefusedError(
    'FREEZE_WIDE',
    'you may act on some services only, and this freeze is about others too',
    {
      hint: 'Name one of your services.',
    },
  )
}
