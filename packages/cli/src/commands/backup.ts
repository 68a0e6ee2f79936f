import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { MissingError } from '@longshore/core'
import { clientArgs, command, openApi, surroundings } from '../command.js'
import { dataFolder } from '../config/load.js'
import { UnreachableError } from '@longshore/client'
import { operationsRoutes } from '../product/operations.js'
import { printJson } from '../terminal.js'

export const backup = command({
  about:
    'Copies the store, consistently, while Longshore runs or not, into a folder that is empty or absent.',
  args: {
    directory: { type: 'positional', description: 'Where to; on the host that is asked', required: true },
    ...clientArgs,
  },
  examples: [['longshore backup /backups/monday', 'everything that was recorded until now']],
  async run({ directory, config, json }, terminal) {
    const to = resolve(terminal.folder, directory)
    const api = await openApi(terminal, config)
    try {
      await api.call(operationsRoutes.backup, { body: { directory: to } })
    } catch (error) {
      // Nobody runs there: then the store is free to be opened here. If it is not, its lock says so.
      if (
        !(error instanceof UnreachableError) ||
        error.code !== 'API_UNREACHABLE' ||
        terminal.env['LONGSHORE_URL']
      )
        throw error
      await copyStore(await dataFolder(surroundings(terminal, config)), to)
    }
    if (json) printJson(terminal, { directory: to })
    else terminal.print(`The store is copied to ${to}.`)
  },
})

async function copyStore(data: string, to: string): Promise<void> {
  const { folderName, openStore, StorageLmdbConfig } = await import('@longshore/storage-lmdb')
  const folder = join(data, folderName)
  if (!existsSync(folder)) {
    throw new MissingError('STORE_MISSING', `there is no store in ${data}`, {
      hint: 'Name its config by --config, or its data folder by LONGSHORE_DATA.',
    })
  }
  const store = await openStore(folder, { ...StorageLmdbConfig.parse({}), report: () => undefined })
  try {
    await store.backup(to)
  } finally {
    await store.close()
  }
}
