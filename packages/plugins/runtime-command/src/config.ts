import { Duration, SecretRef } from '@longshore/core/protocol'
import { z } from 'zod'

const word = z.string().refine((text) => !text.includes('\0'), { error: 'a word has no NUL in it' })
const path = word.min(1).max(1000)

/** Words of a command line, which no shell reads; or the path of an executable in the service's folder. */
export const Command = z.union([z.tuple([word.min(1)], word), path])
export type Command = z.infer<typeof Command>

const Name = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'a variable is named with letters, digits and _' })
  .refine((name) => !name.startsWith('LONGSHORE_'), {
    error: 'variables named LONGSHORE_… are set by Longshore',
  })

/** The `run` section of `kind: command`. */
export const CommandRun = z.strictObject({
  /** Runs once a commit and succeeds by exit code 0; with `keepAlive` it is the service's process. */
  up: Command.meta({ examples: [['npm', 'start'], './bin/start'] }),
  /** Runs before what `up` left running is ended, when the service is stopped or removed; not between two commits. */
  down: Command.optional(),
  keepAlive: z.boolean().default(false),
  /** Beside a small base and LONGSHORE_SERVICE, _COMMIT, _DEPLOYMENT and _HOST; nothing else is passed on. */
  env: z.record(Name, z.union([word, SecretRef])).default({}),
  /** The new one starts before or after the old one ended; absent: after with `keepAlive`, before for a job. */
  replace: z.enum(['before', 'after']).optional(),
  /** Milliseconds between SIGTERM and SIGKILL. */
  grace: Duration.refine((value) => value <= 600_000, { error: 'a grace is at most 10m' }).prefault('10s'),
})
export type CommandRun = z.infer<typeof CommandRun>
