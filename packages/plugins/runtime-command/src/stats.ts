import {
  cgroupsNamed,
  readCgroups,
  readNetwork,
  readProcesses,
  sharesNetwork,
  SharedLooks,
} from '@longshore/core'
import type { CgroupFolders, Clock, Reading, StatsQuery } from '@longshore/core'
import type { Sample } from '@longshore/core/protocol'
import type { Cgroup } from './cgroup.js'
import type { Instance } from './instance.js'
import type { CommandRuntime } from './runtime.js'

/** Tells what a service's processes use: its cgroup's figures where that has them, else the sum of its processes'. */
export class CommandStats {
  readonly #runtime: CommandRuntime
  readonly #looks: SharedLooks
  /** Which controllers an instance's cgroup is in: that stays. */
  readonly #folders = new WeakMap<Cgroup, CgroupFolders>()

  constructor(runtime: CommandRuntime, clock: Clock) {
    this.#runtime = runtime
    this.#looks = new SharedLooks(clock)
  }

  watch(query: StatsQuery, signal: AbortSignal): AsyncGenerator<Sample[]> {
    return this.#looks.watch(query, signal, async () =>
      (await this.#runtime.running(query)).map((instance) => ({
        instance: instance.plan.deployment,
        read: () => this.#read(instance),
      })),
    )
  }

  async #read({ members, plan: { deployment } }: Instance): Promise<Reading | undefined> {
    const { cgroup } = members
    const pids = (cgroup ? cgroup.members() : await members.alive()).map(({ pid }) => pid)
    const [first] = pids
    if (first === undefined) return undefined
    return {
      ...readProcesses(pids),
      ...(cgroup && readCgroups(this.#foldersOf(cgroup, deployment, first))),
      ...(sharesNetwork(first) === false && readNetwork(first)),
    }
  }

  #foldersOf(cgroup: Cgroup, deployment: string, pid: number): CgroupFolders {
    const known = this.#folders.get(cgroup)
    if (known) return known
    const folders = cgroupsNamed(deployment, pid)
    if (folders.size > 0) this.#folders.set(cgroup, folders)
    return folders
  }
}
