import type { Clock, Contributions, Flow, HostInfo, Journal } from '@longshore/core'

/** What the core's routes are answered from. */
export interface ApiParts {
  flow: Flow
  journal: Journal
  contributions: Contributions
  host: HostInfo
  clock: Clock
  /** Where people reach this API. */
  url(): string
}
