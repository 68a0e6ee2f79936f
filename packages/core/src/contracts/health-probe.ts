import type { Commit } from '../protocol/index.js'
import { manyToken } from '../kernel/token.js'
import type { PlacementRef } from './runtime.js'

/** What is looked at: a check as it is declared, of what runs (or is being judged) for a placement. */
export interface CheckTarget<Check = unknown> extends PlacementRef {
  /** Its name among those of its service. */
  name: string
  /** The check's section, parsed by the schema that the kind's plugin declared. */
  check: Check
  deployment: string
  commit: Commit
  /** The service's folder in the deployment's tree, while that is kept. */
  directory?: string
  /** Milliseconds since the epoch: when what runs was applied. */
  since: number
}

/** What one look answered. `unknown`: nobody could look, which says nothing about the service. */
export type Verdict =
  | {
      state: 'healthy'
      /** A few words: `200 in 12 ms`. */ say?: string
      /** What people should see to soon. */ warning?: string
    }
  | {
      state: 'unhealthy'
      /** A sentence without a secret; of an answer only what identifies it. */ reason: string
    }
  | { state: 'unknown'; reason: string }

/**
 * Looks whether something is well; the kind is the name under which it is provided.
 *
 * Law: `check` is one look and ends with its signal, also where the target hangs; what is ill is a verdict with a reason,
 * not an exception; an exception counts as `unknown`. Looks at the same time share nothing; a look leaves nothing behind.
 */
export interface HealthProbe<Check = any> {
  check(target: CheckTarget<Check>, signal: AbortSignal): Promise<Verdict>
}

export const HealthProbe = manyToken<HealthProbe>('HealthProbe')
