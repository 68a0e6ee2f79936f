import { coreRoutes } from '@longshore/core/protocol'
import { clientArgs, command, openApi, serviceArg } from '../command.js'
import { finish, followArgs } from './finish.js'

export const restart = command({
  about: 'Ends what runs for a service and starts the same commit again.',
  args: { ...serviceArg, ...followArgs, ...clientArgs },
  examples: [["longshore restart api --why 'it leaks'", 'the reason is kept in the journal']],
  async run({ service, why, config, json, detach }, terminal) {
    const api = await openApi(terminal, config)
    const accepted = await api.call(coreRoutes.restart, { params: { service }, body: { why } })
    return finish(api, { service, accepted, detach, json }, terminal)
  },
})
