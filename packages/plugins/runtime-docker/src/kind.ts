import type { ApplyContext, Clock, Command, Exit, FoundInstance, Logger, Plan } from '@longshore/core'
import type { Made, Preview } from '@longshore/core/protocol'
import type { Engine } from './client.js'
import type { Records } from './compose/records.js'
import type { DockerConfig } from './config.js'
import type { AppliedServices } from './engine/applied.js'

export interface Tools {
  engine: Engine
  clock: Clock
  log: Logger
  host: string
  config: DockerConfig
  records: Records
  /** Longshore's own data folder, which no container gets. */
  data?: string
  applied: AppliedServices
}

/** A container of a service, in whatever state, with the deployment that made it. */
export interface Owned extends FoundInstance {
  running: boolean
  /** It was not kept yet: it is being tried, or that was broken off. */
  trial: boolean
  labels: Readonly<Record<string, string>>
}

/** A resolved form, as a deployment keeps it: none where that would be too much. */
export function kept(resolved: string): { resolved?: string } {
  return resolved.length <= 262_144 ? { resolved } : {}
}

/** What came of an apply. */
export interface Applied {
  made: Made
  /** The one container that is there of the service now; absent where there may be others. */
  only?: string
}

/** A command for the containers of a kind. */
export type OneOffCommand<Run = unknown> = Command<Run> & {
  id: string
  /** Of every container that is made for it: no others, so that it is no instance. */
  labels: Record<string, string>
  /** Milliseconds between SIGTERM and SIGKILL. */
  grace: number
  /** To be called when it starts: what comes before is none of its time. */
  began(): void
}

/** How services of one kind come up. What runs is found, watched and ended alike for every kind. */
export interface Kind<Run = any> {
  /** Brings the plan up in place of `owned`: everything that is there of the placement. The signal has the plan's deadline. */
  apply(plan: Plan<Run>, owned: Owned[], context: ApplyContext): Promise<Applied>
  /** Runs a command in a container of its own, beside `owned`, and removes it. Everything made for it has the command's labels alone. */
  run(command: OneOffCommand<Run>, owned: Owned[], context: ApplyContext): Promise<Exit>
  /** What `apply` would do; it touches nothing, and does not wait for what is done to the service. */
  preview(plan: Plan<Run>, owned: Owned[], context: ApplyContext): Promise<Preview>
}
