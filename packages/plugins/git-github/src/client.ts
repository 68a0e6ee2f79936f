import type { CommitStatus, ForgeAccess, StatusCall } from '@longshore/core'

/** Characters of a description. */
const longest = 140

/** GitHub's "Create a commit status". */
export function statusCall(status: CommitStatus, { api, token }: ForgeAccess): StatusCall {
  const { repository, sha, state, context, description, link } = status
  return {
    url: `${api}/repos/${repository}/statuses/${sha}`,
    headers: { authorization: `Bearer ${token.open()}`, 'x-github-api-version': '2022-11-28' },
    body: { state, context, description: description.slice(0, longest), ...(link && { target_url: link }) },
  }
}
