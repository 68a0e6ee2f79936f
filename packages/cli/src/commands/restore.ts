import { resolve } from 'node:path'
import { command, configArg, surroundings } from '../command.js'
import { dataFolder } from '../config/load.js'

export const restore = command({
  about: 'Puts a backup in place, in a data folder that has no store yet. Longshore must not run there.',
  args: { directory: { type: 'positional', description: 'The backup', required: true }, ...configArg },
  examples: [['longshore restore /backups/monday', 'then start Longshore: it goes on from there']],
  async run({ directory, config }, terminal) {
    const { restore: putBack } = await import('@longshore/storage-lmdb')
    const data = await dataFolder(surroundings(terminal, config))
    await putBack(resolve(terminal.folder, directory), data)
    terminal.print(`The backup is in place in ${data}; start Longshore with \`longshore serve\`.`)
  },
})
