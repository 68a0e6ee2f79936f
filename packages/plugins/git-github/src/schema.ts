import { z } from 'zod'

const address = z.string().max(2000)

/** What is read of a push. */
export const Push = z.object({
  ref: z.string().max(500),
  deleted: z.boolean().optional(),
  commits: z.array(z.unknown()).optional(),
  repository: z.object({ clone_url: address, ssh_url: address, html_url: address }),
})
