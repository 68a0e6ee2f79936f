import { isNoCommit, type PushReading } from '@longshore/core'
import { z } from 'zod'

const address = z.string().max(2000)

/** What is read of a push. */
const Push = z.object({
  ref: z.string().max(500),
  /** Zeros when the ref is gone. */
  after: z.string().max(100).optional(),
  commits: z.array(z.unknown()).optional(),
  repository: z.object({ clone_url: address, ssh_url: address, html_url: address }),
})

export const pushes: PushReading<typeof Push> = {
  events: ['push'],
  schema: Push,
  of({ ref, after, repository: { clone_url, ssh_url, html_url } }) {
    return isNoCommit(after) ? undefined : { repositories: [clone_url, ssh_url, html_url], refs: [ref] }
  },
}
