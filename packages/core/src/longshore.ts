import { faultLine, systemActor, type ConfigDocument } from './protocol/index.js'
import { driftPlugin } from './drift/drift.js'
import { flowPlugin } from './flow/flow.js'
import { Journal } from './journal/journal.js'
import { ConfigError } from './kernel/config.js'
import { describeError, LongshoreError } from './kernel/errors.js'
import { Kernel, type KernelOptions } from './kernel/kernel.js'
import type { Plugin } from './kernel/plugin.js'

/** What every Longshore has: the flow, and the healing of what drifted. Everything else, also storage and git, is a plugin that is given. */
function corePlugins(snapshotEvery: number | undefined): readonly Plugin[] {
  return [flowPlugin(snapshotEvery), driftPlugin]
}

export interface LongshoreOptions extends KernelOptions {
  /** Events between two snapshots of the state, so the most that a look back replays. */
  snapshotEvery?: number
}

/** A kernel with the flow, ready to start. Throws every fault of the config, or of how the plugins fit together. */
export function createLongshore({ snapshotEvery, ...options }: LongshoreOptions): Kernel {
  return new Kernel({
    ...options,
    plugins: [...corePlugins(snapshotEvery), ...options.plugins.map(accountable)],
  })
}

/** Applies a new config to a running Longshore and records that; a bad one is recorded, thrown, and changes nothing. */
export async function reconfigure(kernel: Kernel, read: () => Promise<ConfigDocument>): Promise<string[]> {
  const journal = kernel.get(Journal)
  try {
    const changes = await kernel.reconfigure(await read())
    if (changes.length > 0)
      await journal.record({ kind: 'config.applied', actor: systemActor, data: { changes } })
    return changes
  } catch (error) {
    const errors = error instanceof ConfigError ? error.faults.map(faultLine) : [describeError(error).reason]
    await journal.record({ kind: 'config.refused', actor: systemActor, data: { errors } })
    throw error
  }
}

/** The plugin, made to answer for itself: what it throws while it is set up or started is told with its name. */
function accountable(plugin: Plugin): Plugin {
  return {
    ...plugin,
    setup(context) {
      const { started } = context.hooks
      const tap: typeof started.tap = (fn) =>
        started.tap(async () => {
          try {
            await fn()
          } catch (error) {
            throw failedIn(plugin.name, 'started', error)
          }
        })
      try {
        plugin.setup({ ...context, hooks: { ...context.hooks, started: { tap } } })
      } catch (error) {
        throw failedIn(plugin.name, 'setup', error)
      }
    },
  }
}

/** A coded error as it is, anything else with the plugin's name. */
function failedIn(plugin: string, moment: 'setup' | 'started', error: unknown): LongshoreError {
  if (error instanceof LongshoreError) return error
  return new LongshoreError(
    'PLUGIN_FAILED',
    `the plugin ${plugin} failed in ${moment}: ${describeError(error).reason}`,
    {
      cause: error,
      hint: `Mend it, or take ${plugin} out of the config's plugins.`,
    },
  )
}
