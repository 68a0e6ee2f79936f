import type { PushReading } from '@longshore/core'
import { z } from 'zod'

const Ref = z.object({ type: z.string().max(50), name: z.string().max(500) })

/** What is read of a push: one may move several refs; `new` is null when one is gone. */
const Push = z.object({
  push: z.object({
    changes: z
      .array(z.object({ new: Ref.nullable() }))
      .min(1)
      .max(1000),
  }),
  repository: z.object({ links: z.object({ html: z.object({ href: z.string().max(2000) }) }) }),
})

export const pushes: PushReading<typeof Push> = {
  events: ['repo:push'],
  schema: Push,
  of({ push: { changes }, repository }) {
    const moved = changes.flatMap((change) => change.new ?? [])
    if (moved.length === 0) return undefined
    const refs = moved.map(({ type, name }) => `refs/${type === 'tag' ? 'tags' : 'heads'}/${name}`)
    return { repositories: [repository.links.html.href], refs }
  },
}
