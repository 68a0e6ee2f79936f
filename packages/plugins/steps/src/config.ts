import { Duration } from '@longshore/core/protocol'
import { z } from 'zod'

const word = z.string().refine((text) => !text.includes('\0'), { error: 'a word has no NUL in it' })

/** Where a step runs: `checkout`, `container`, `instance`, or a service of the compose project, with `instance:` in one that runs. */
const Place = z.string().regex(/^(instance:)?[a-zA-Z0-9][a-zA-Z0-9._-]{0,100}$/, {
  error: 'a step runs in checkout, container, instance, or a service of the compose project',
})

/** A command around a deployment. */
export const Step = z.strictObject({
  /** Words, which no shell reads. */
  run: z.tuple([word.min(1)], word).meta({ examples: [['npm', 'run', 'migrate']] }),
  in: Place.default('checkout'),
  timeout: Duration.refine((value) => value >= 1_000, { error: 'a step has at least 1s' }).prefault('5m'),
})
export type Step = z.infer<typeof Step>

const Steps = z.array(Step).max(20).default([])

/** The keys that a service's `policy` has beside the core's. */
export const policies = { before: Steps, after: Steps }
export type StepsPolicy = Record<keyof typeof policies, Step[]>
