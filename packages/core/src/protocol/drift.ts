import { z } from 'zod'
import { Timestamp } from './names.js'

/** What a service's drift leads to: it is put right, told, or not even told. */
export const DriftPolicy = z.enum(['heal', 'report', 'ignore'])
export type DriftPolicy = z.infer<typeof DriftPolicy>

/** One way in which what runs is not what was applied. */
export const Difference = z.strictObject({
  /** A word for programs: `died`, `oom`, `unhealthy`, `removed`, `image`, `config`. */
  what: z.string().max(50),
  instance: z.string().max(200).optional(),
  /** A sentence for people. */
  say: z.string().max(1000),
})
export type Difference = z.infer<typeof Difference>

/** What changed behind Longshore's back, and what was done about it. */
export const Drift = z
  .strictObject({
    /** Empty: all is right again, and the tries are remembered for a while. */
    differences: z.array(Difference),
    since: Timestamp,
    /** Deployments that healing began, in a row. */
    tries: z.int(),
    /** When the last of them began. */
    tried: Timestamp.optional(),
    /** Healing has ended: only a person, or something newer, tries again. */
    gaveUp: z.boolean(),
  })
  .meta({ id: 'Drift' })
export type Drift = z.infer<typeof Drift>

/** Milliseconds without a try after which earlier ones say nothing about the next drift. */
const calm = 1_800_000
/** A placement's drift after it was found to be different at that time. */
export function driftFound(before: Drift | undefined, differences: Difference[], at: string): Drift {
  // Another difference beside one that lasts is the same trouble.
  if (before && before.differences.length > 0) return { ...before, differences }
  const recent = before?.tried !== undefined && Date.parse(at) - Date.parse(before.tried) < calm
  return recent ? { ...before, differences, since: at } : untried({ differences, since: at })
}

/** Drift that healing begins anew with. */
export function untried({ differences, since }: Pick<Drift, 'differences' | 'since'>): Drift {
  return { differences, since, tries: 0, tried: undefined, gaveUp: false }
}
