import { z } from 'zod'

/** Who caused a thing: `local` is whoever may open this host's socket, by the name of their account. */
export const Actor = z
  .strictObject({
    kind: z.enum(['user', 'local', 'token', 'webhook', 'poll', 'system', 'nobody']),
    name: z.string().max(200).optional(),
  })
  .meta({ id: 'Actor' })
export type Actor = z.infer<typeof Actor>

export const systemActor: Actor = { kind: 'system' }
export const pollActor: Actor = { kind: 'poll' }

/** The actor as one word, as filters and people write it: `system`, `user:ines`. */
export function actorWord(actor: Actor): string {
  return actor.name === undefined ? actor.kind : `${actor.kind}:${actor.name}`
}
