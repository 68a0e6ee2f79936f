import { RefusedError } from '@longshore/core'

export function statusRefused(status: number): RefusedError {
  return new RefusedError('BITBUCKET_STATUS_REFUSED', `Bitbucket answered ${status} to a commit status`, {
    hint: 'The token needs to write repositories; hooks.bitbucket.api is https://api.bitbucket.org/2.0.',
  })
}
