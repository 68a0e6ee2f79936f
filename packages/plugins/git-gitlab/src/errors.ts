import { RefusedError } from '@longshore/core'

export function statusRefused(status: number): RefusedError {
  return new RefusedError('GITLAB_STATUS_REFUSED', `GitLab answered ${status} to a commit status`, {
    hint: 'The token needs the scope api and the role of a developer in the project; hooks.gitlab.api is that of the same GitLab.',
  })
}
