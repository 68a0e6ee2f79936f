import { coreRoutes } from '@longshore/core/protocol'
import { clientArgs, command, openApi, serviceArg } from '../command.js'
import { finish, followArgs } from './finish.js'

export const start = command({
  about:
    'Releases a stopped service: its newest admitted commit is brought, and it follows its branch again.',
  args: { ...serviceArg, ...followArgs, ...clientArgs },
  examples: [['longshore start api', 'what was pushed meanwhile is deployed']],
  async run({ service, why, config, json, detach }, terminal) {
    const api = await openApi(terminal, config)
    const accepted = await api.call(coreRoutes.start, { params: { service }, body: { why } })
    return finish(api, { service, accepted, detach, json }, terminal)
  },
})
