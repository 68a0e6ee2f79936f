import { isNoCommit, type PushReading } from '@longshore/core'
import { z } from 'zod'

const address = z.string().max(2000)

/** What is read of a push, of a branch or a tag. */
const Push = z.object({
  ref: z.string().max(500),
  /** Zeros when the ref is gone. */
  after: z.string().max(100).optional(),
  commits: z.array(z.unknown()).optional(),
  project: z.object({ git_http_url: address, git_ssh_url: address, web_url: address }),
})

export const pushes: PushReading<typeof Push> = {
  events: ['Push Hook', 'Tag Push Hook'],
  schema: Push,
  of({ ref, after, project: { git_http_url, git_ssh_url, web_url } }) {
    return isNoCommit(after) ? undefined : { repositories: [git_http_url, git_ssh_url, web_url], refs: [ref] }
  },
}
