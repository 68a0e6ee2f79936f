import { Duration } from '@longshore/core/protocol'
import { z } from 'zod'

/** The `auth` section of the config. */
export const AuthConfig = z
  .strictObject({
    session: z
      .strictObject({
        /** A session of which nothing came for so long is over. */
        idle: Duration.prefault('12h'),
        /** It is over after so long in any case. */
        absolute: Duration.prefault('7d'),
      })
      .prefault({}),
  })
  .prefault({})
export type AuthConfig = z.infer<typeof AuthConfig>
