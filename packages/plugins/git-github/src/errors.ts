import { RefusedError } from '@longshore/core'

export function statusRefused(status: number): RefusedError {
  return new RefusedError('GITHUB_STATUS_REFUSED', `GitHub answered ${status} to a commit status`, {
    hint: 'The token needs to write commit statuses of the repository; hooks.github.api is that of the same GitHub.',
  })
}
