import { coreRoutes } from '@longshore/core/protocol'
import { clientArgs, command, openApi } from '../command.js'
import { printJson } from '../terminal.js'

export const cancel = command({
  about:
    'Cancels a deployment that has not settled. What ran before goes on running where its runtime can do that.',
  args: {
    deployment: { type: 'positional', description: 'Its id', required: true },
    why: { type: 'string', description: 'The reason, for those who read the journal', valueHint: 'TEXT' },
    ...clientArgs,
  },
  examples: [["longshore cancel 01jd3k5w8xq4m2np --why 'wrong branch'", 'end it']],
  async run({ deployment: id, why, config, json }, terminal) {
    const api = await openApi(terminal, config)
    const accepted = await api.call(coreRoutes.cancel, { params: { deployment: id }, body: { why } })
    if (json) return printJson(terminal, accepted)
    terminal.print(`${id} is being cancelled; longshore deployment ${id} shows how it ended.`)
  },
})
