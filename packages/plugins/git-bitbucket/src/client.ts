import { createHash } from 'node:crypto'
import type { CommitStatus, ForgeAccess, StatusCall } from '@longshore/core'

const states = { pending: 'INPROGRESS', success: 'SUCCESSFUL', failure: 'FAILED' }

/** Characters of a description. */
const longest = 255

/** Bitbucket's "Create a build status for a commit". It wants a link: without one it is that of the commit itself. */
export function statusCall(status: CommitStatus, { api, token }: ForgeAccess): StatusCall {
  const { repository, sha, state, context, description, link } = status
  return {
    url: `${api}/repositories/${repository}/commit/${sha}/statuses/build`,
    headers: { authorization: `Bearer ${token.open()}` },
    body: {
      // A key has at most 40 characters.
      key: createHash('sha256').update(context).digest('hex').slice(0, 40),
      name: context,
      state: states[state],
      description: description.slice(0, longest),
      url: link ?? `https://bitbucket.org/${repository}/commits/${sha}`,
    },
  }
}
