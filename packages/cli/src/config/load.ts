import { dirname, resolve } from 'node:path'
import { ConfigError, InputError, type ConfigDocument } from '@longshore/core'
import { isRecord } from './document.js'
import { defaultDataFolder, withEnvironment } from './environment.js'
import { findConfigFile, parseConfigFile, readConfigFile } from './file.js'

/** Where a command looks for its config and its data. */
export interface Surroundings {
  /** The config that `--config` names. */
  config?: string
  folder: string
  env: NodeJS.ProcessEnv
}

/** The config file to use: by `--config`, by LONGSHORE_CONFIG, or found in this folder or above. */
export function configFile({ config, folder, env }: Surroundings): string | undefined {
  return findConfigFile(config ?? (env['LONGSHORE_CONFIG'] || undefined), folder)
}

/** The config with what the environment says on top. */
export async function loadConfig(where: Surroundings): Promise<ConfigDocument> {
  const file = configFile(where)
  if (file === undefined) {
    throw new InputError(
      'CONFIG_MISSING',
      `there is no longshore.config.* in ${resolve(where.folder)} or above it`,
      {
        hint: 'Make one with `longshore init`, or name one by --config or LONGSHORE_CONFIG.',
      },
    )
  }
  return withEnvironment(await readConfigFile(file), where.env)
}

/**
 * The data folder, for those who talk to a Longshore that may run. A config with a fault still tells it if it can: while
 * somebody mends the config, what runs must be reachable.
 */
export async function dataFolder(where: Surroundings): Promise<string> {
  const named = where.env['LONGSHORE_DATA']
  if (named) return resolve(where.folder, named)
  const file = configFile(where)
  if (file === undefined) return defaultDataFolder(where.env)
  const { value, faults } = await parseConfigFile(file)
  if (isRecord(value) && typeof value['data'] === 'string') return resolve(dirname(file), value['data'])
  if (value === undefined && faults.length > 0)
    throw new ConfigError(faults.map((fault) => ({ file, path: '', ...fault })))
  return defaultDataFolder(where.env)
}
