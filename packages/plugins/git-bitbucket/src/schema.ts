import { z } from 'zod'

const Ref = z.object({ type: z.string().max(50), name: z.string().max(500) })

/** What is read of a push: one may move several refs; `new` is null when one is gone. */
export const Push = z.object({
  push: z.object({
    changes: z
      .array(z.object({ new: Ref.nullable() }))
      .min(1)
      .max(1000),
  }),
  repository: z.object({ links: z.object({ html: z.object({ href: z.string().max(2000) }) }) }),
})
