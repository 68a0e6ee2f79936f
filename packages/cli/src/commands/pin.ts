import { coreRoutes } from '@longshore/core/protocol'
import { clientArgs, command, commitArg, openApi, serviceArg } from '../command.js'
import { wholeId } from './deploy.js'
import { finish, followArgs } from './finish.js'

export const pin = command({
  about: 'Keeps a service on one commit, whatever is pushed, until the pin is taken off.',
  args: {
    ...serviceArg,
    ...commitArg,
    ...followArgs,
    ...clientArgs,
  },
  examples: [["longshore pin api 3f2a1bc --why 'the demo on Friday'", 'api stays on it']],
  async run({ service, commit, why, config, json, detach }, terminal) {
    const api = await openApi(terminal, config)
    const sha = await wholeId(api, service, commit)
    const accepted = await api.call(coreRoutes.pin, { params: { service }, body: { commit: sha, why } })
    if (!json) terminal.print(`${service} is pinned on ${sha.slice(0, 7)}.`)
    if (accepted.deployment === undefined && !json) return
    return finish(api, { service, accepted, detach, json }, terminal)
  },
})

export const unpin = command({
  about:
    'Takes the pin off a service: it follows its branch again, and its newest admitted commit is brought.',
  args: { ...serviceArg, ...followArgs, ...clientArgs },
  examples: [['longshore unpin api', 'what was pushed meanwhile is deployed']],
  async run({ service, why, config, json, detach }, terminal) {
    const api = await openApi(terminal, config)
    const accepted = await api.call(coreRoutes.unpin, { params: { service }, body: { why } })
    if (!json) terminal.print(`${service} follows its branch again.`)
    if (accepted.deployment === undefined && !json) return
    return finish(api, { service, accepted, detach, json }, terminal)
  },
})
