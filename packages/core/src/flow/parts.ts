import type { GitProvider } from '../contracts/git-provider.js'
import type { Runtime } from '../contracts/runtime.js'
import type { Clock } from '../kernel/clock.js'
import type { HookBoard } from '../kernel/hooks.js'
import type { Logger } from '../kernel/logger.js'
import type { Secrets } from '../kernel/secrets.js'
import type { LongshoreConfig } from '../protocol/index.js'
import type { Checkouts } from '../checkouts/checkouts.js'
import type { Advance } from '../journal/advance.js'
import type { Outputs } from '../linelog/outputs.js'
import type { Semaphore } from '../waiting/semaphore.js'
import type { Service } from './service.js'

/** What the flow works with; made once, when it is set up. */
export interface FlowParts {
  host: string
  config(): LongshoreConfig
  /** The service as it is declared now. */
  service(name: string): Service | undefined
  journal: Advance
  hooks: HookBoard
  git: GitProvider
  runtimes: ReadonlyMap<string, Runtime>
  secrets: Secrets
  clock: Clock
  log: Logger
  checkouts: Checkouts
  outputs: Outputs
  /** Places for deployments at the same time. */
  slots: Semaphore
}
