import { resolve } from 'node:path'
import { ConfigError, faultLine, type ConfigFault } from '@longshore/core'
import { configArg, command, surroundings } from '../command.js'
import { defaultDataFolder } from '../config/environment.js'
import { configFile, loadConfig, type Surroundings } from '../config/load.js'
import { checkConfig } from '../product/check.js'
import { plain, printJson } from '../terminal.js'

export const check = command({
  about:
    'Tells every fault of a config at once: syntax, keys, values, plugins, and secrets that are not there.',
  args: {
    file: {
      type: 'positional',
      description: 'The config; found like `serve` finds it when absent',
      required: false,
    },
    ...configArg,
    json: { type: 'boolean', description: 'JSON instead of lines for people' },
  },
  examples: [
    ['longshore check', 'the config of this folder'],
    ['longshore check deploy/longshore.config.yaml --json', 'another one, for programs'],
  ],
  async run({ file, config, json }, terminal) {
    const where = surroundings(terminal, file ?? config)
    const faults = await faultsOf(where)
    if (json) printJson(terminal, { file: configFile(where), faults })
    else if (faults.length === 0) terminal.print(`${configFile(where)} is good.`)
    else
      for (const fault of faults)
        terminal.note(plain(faultLine({ ...fault, file: shown(fault.file, terminal.folder) })))
    return faults.length === 0 ? 0 : 1
  },
})

async function faultsOf(where: Surroundings): Promise<ConfigFault[]> {
  try {
    return await checkConfig(await loadConfig(where), defaultDataFolder(where.env))
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
}

/** Relative where that is shorter, so that terminals and editors can open it. */
function shown(file: string, folder: string): string {
  const inside = `${resolve(folder)}/`
  return file.startsWith(inside) ? file.slice(inside.length) : file
}
