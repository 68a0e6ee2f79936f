import { z } from 'zod'

const address = z.string().min(1).max(2000)

/** What a webhook of anybody's says: which repository, by one of its addresses or several, and which branches or tags of it. */
export const Hint = z.object({
  repository: z.union([address, z.array(address).min(1).max(20)]),
  ref: z.string().min(1).max(500).optional(),
})
