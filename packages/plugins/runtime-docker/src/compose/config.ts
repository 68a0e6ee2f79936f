import { z } from 'zod'
import { containerOptions } from '../config.js'
import { composeRules } from './rules.js'

/** The `run` section of `kind: compose`. */
export const ComposeRun = z.strictObject({
  /** Relative to the service's folder; absent: compose.yaml or docker-compose.yaml, and its override beside it. */
  files: z
    .array(
      z
        .string()
        .min(1)
        .max(1000)
        .refine((path) => !/^[-/]|\0|^[a-z]+:/i.test(path), {
          error: "a compose file is named by its path in the service's folder",
        }),
    )
    .min(1)
    .max(20)
    .optional(),
  profiles: z
    .array(
      z
        .string()
        .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,100}$/, { error: 'a profile has letters, digits, _ . and -' }),
    )
    .max(50)
    .default([]),
  /** The project's name; absent: `longshore-` and the service's. */
  project: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, { error: 'a project has a-z, 0-9, _ and -' })
    .optional(),
  /** For `${NAME}` in the compose files: nothing else of Longshore's environment is there. */
  env: containerOptions.env,
  /** What the policy would refuse, by the names of its rules. */
  allow: z.array(z.enum(composeRules)).default([]),
})
export type ComposeRun = z.infer<typeof ComposeRun>
