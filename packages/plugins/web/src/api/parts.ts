import type { Clock, Contributions, Flow, HostInfo, Journal } from '@longshore/core'
import type { Turns } from './turns.js'

/** What the core's routes are answered from. */
export interface ApiParts {
  flow: Flow
  journal: Journal
  contributions: Contributions
  host: HostInfo
  clock: Clock
  turns: Turns
  /** Where people reach this API. */
  url(): string
}
