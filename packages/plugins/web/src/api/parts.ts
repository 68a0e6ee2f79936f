import type {
  Clock,
  Config,
  Contributions,
  Flow,
  GitProvider,
  HostInfo,
  Journal,
  Source,
} from '@longshore/core'
import type { Tally } from '../tally.js'
import type { Turns } from './turns.js'

/** What the core's routes are answered from. */
export interface ApiParts {
  flow: Flow
  journal: Journal
  git: GitProvider
  contributions: Contributions
  host: HostInfo
  clock: Clock
  turns: Turns
  /** Earlier states that each caller waits for. */
  looks: Tally
  /** What is declared now. */
  declared: Config
  /** Where a service's commits come from, as it is declared now. */
  source(service: string): Source | undefined
  /** Where people reach this API. */
  url(): string
}
