import { z } from 'zod'

const address = z.string().max(2000)

/** What is read of a push, of a branch or a tag. */
export const Push = z.object({
  ref: z.string().max(500),
  /** Zeros when the ref is gone. */
  after: z.string().max(100).optional(),
  commits: z.array(z.unknown()).optional(),
  project: z.object({ git_http_url: address, git_ssh_url: address, web_url: address }),
})
