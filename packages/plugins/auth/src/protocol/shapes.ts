import { z } from 'zod'

export const done = z.strictObject({ ok: z.literal(true) }).meta({ id: 'Done' })

/** A link that can be used once: `path` below the address of this host, with the secret behind its #. */
export const Link = z
  .strictObject({ user: z.string(), path: z.string(), expires: z.iso.datetime() })
  .meta({ id: 'Link' })

export const byId = z.strictObject({
  id: z.string().regex(/^[0-9a-z]{16}$/, { error: 'an id is 16 of 0-9 and a-z' }),
})
