import type { CommitStatus, ForgeAccess, StatusCall } from '@longshore/core'

const states = { pending: 'pending', success: 'success', failure: 'failed' }

/** Characters of a description. */
const longest = 255

/** GitLab's "Set commit pipeline status". */
export function statusCall(status: CommitStatus, { api, token }: ForgeAccess): StatusCall {
  const { repository, sha, state, context, description, link } = status
  return {
    url: `${api}/projects/${repository.replaceAll('/', '%2F')}/statuses/${sha}`,
    headers: { 'private-token': token.open() },
    body: {
      state: states[state],
      name: context,
      description: description.slice(0, longest),
      ...(link && { target_url: link }),
    },
  }
}
