import { coreRoutes } from '@longshore/core/protocol'
import { clientArgs, command, commitArg, openApi, serviceArg } from '../command.js'
import { wholeId } from './deploy.js'
import { finish, followArgs } from './finish.js'

export const lift = command({
  about: 'Lifts a quarantine: the commit may run again, and is brought where it is the newest.',
  args: {
    ...serviceArg,
    ...commitArg,
    ...followArgs,
    ...clientArgs,
  },
  examples: [["longshore lift api 3f2a1bc --why 'the database was away'", 'it may run again']],
  async run({ service, commit, why, config, json, detach }, terminal) {
    const api = await openApi(terminal, config)
    const sha = await wholeId(api, service, commit)
    const accepted = await api.call(coreRoutes.lift, { params: { service, commit: sha }, body: { why } })
    if (!json) terminal.print(`${sha.slice(0, 7)} may run for ${service} again.`)
    if (accepted.deployment === undefined && !json) return
    return finish(api, { service, accepted, detach, json }, terminal)
  },
})
