import { InputError, LongshoreError, MissingError, UnavailableError } from '@longshore/core'

export function matchInvalid(reason: string): InputError {
  return new InputError('LOGS_MATCH_INVALID', `match is no regular expression: ${reason.slice(0, 200)}`, {
    hint: 'Write it as RE2 takes it, without look-around and back-references; text as it is goes into search.',
  })
}

export function searchSlow(seconds: number): LongshoreError {
  return new UnavailableError('LOGS_SEARCH_SLOW', `the search took more than ${seconds} s and was ended`, {
    hint: 'Look into less with since and until, or write a simpler expression.',
  })
}

export function searchBusy(): UnavailableError {
  return new UnavailableError('LOGS_SEARCH_BUSY', 'as many searches as this host takes are under way', {
    hint: 'Ask again when one of them has ended.',
  })
}

export function searchFailed(reason: string): LongshoreError {
  return new LongshoreError('LOGS_SEARCH_FAILED', `the archive could not be searched: ${reason}`, {
    hint: 'Look at the disk of the data folder.',
  })
}

export function telemetryMissing(service: string, kind: string): MissingError {
  return new MissingError(
    'TELEMETRY_MISSING',
    `${service} is of kind ${kind}, and no plugin tells what that prints and uses`,
    { hint: 'Use a plugin for this kind that provides Telemetry.' },
  )
}

export function statsInvalid(reason: string): InputError {
  return new InputError('STATS_QUERY', reason, { hint: 'Ask for window=1h&step=10s, or a larger step.' })
}
