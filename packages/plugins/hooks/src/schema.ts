import type { PushReading } from '@longshore/core'
import { z } from 'zod'

const address = z.string().min(1).max(2000)

/** What a webhook of anybody's says: which repository, by one of its addresses or several, and which branches or tags of it. */
const Hint = z.object({
  repository: z.union([address, z.array(address).min(1).max(20)]),
  ref: z.string().min(1).max(500).optional(),
})

export const pushes: PushReading<typeof Hint> = {
  events: ['push'],
  schema: Hint,
  of({ repository, ref }) {
    const repositories = typeof repository === 'string' ? [repository] : repository
    return { repositories, ...(ref !== undefined && { refs: [fullRef(ref)] }) }
  },
}

/** Whoever writes `main` means the branch. */
function fullRef(ref: string): string {
  return ref.startsWith('refs/') ? ref : `refs/heads/${ref}`
}
