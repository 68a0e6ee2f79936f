import type { z } from 'zod'
import {
  checkConfig,
  faultLine,
  type ConfigDocument,
  type ConfigFault,
  type LongshoreConfig,
} from '../protocol/index.js'
import { InputError } from './errors.js'
import { token } from './token.js'

/** Everything that is wrong with a config, at once. */
export class ConfigError extends InputError {
  readonly faults: ConfigFault[]

  constructor(faults: ConfigFault[]) {
    super(
      'CONFIG_INVALID',
      `the config has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map(faultLine).join('\n')}`,
      {
        hint: 'Mend each line above; `longshore check` tells them all at once.',
        data: { faults },
      },
    )
    this.faults = faults
  }
}

/** The running config; `current` changes when a new one was applied, and `changed` taps are told after that. */
export interface Config {
  current(): LongshoreConfig
  /** Where its relative paths begin: the folder that it lies in. */
  folder(): string
  changed(fn: () => Promise<void>): () => void
}

export const Config = token<Config>('Config')

/** The document's parsed form; throws every fault at once. */
export function parseConfig<C>(document: ConfigDocument, schema: z.ZodType<C>): C {
  const { config, faults } = checkConfig(document, schema)
  if (faults) throw new ConfigError(faults)
  return config as C
}
