import { RefusedError } from '@longshore/core'

export function statusRefused(status: number): RefusedError {
  return new RefusedError('GITEA_STATUS_REFUSED', `Gitea answered ${status} to a commit status`, {
    hint: 'The token needs to write repositories, and its owner to write this one; hooks.gitea.api is that of the same forge.',
  })
}
