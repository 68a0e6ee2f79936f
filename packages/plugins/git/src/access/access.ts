import type { LongshoreError, Secret } from '@longshore/core'

/** What one run of git needs to reach a server, and to nothing else: only this address's transport is allowed. */
export interface Access {
  config: string[]
  env: Record<string, string>
  /** Read by the askpass program from descriptor 3. */
  secret?: Secret
  /** Says more of a failure than git did, where it can. */
  explain(error: LongshoreError): LongshoreError
  /** Removes what was laid down for the run. */
  close(): Promise<void>
}
