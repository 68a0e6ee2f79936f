import type { CommitStatus, ForgeAccess, StatusCall } from '@longshore/core'

/** Gitea's "Create a commit status". */
export function statusCall(status: CommitStatus, { api, token }: ForgeAccess): StatusCall {
  const { repository, sha, state, context, description, link } = status
  return {
    url: `${api}/repos/${repository}/statuses/${sha}`,
    headers: { authorization: `token ${token.open()}` },
    body: { state, context, description, ...(link && { target_url: link }) },
  }
}
