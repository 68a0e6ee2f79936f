import { approvalRoutes } from '@longshore/admit-approval/protocol'
import { coreRoutes } from '@longshore/core/protocol'
import { clientArgs, command, commitArg, openApi, serviceArg } from '../command.js'
import { plain } from '../terminal.js'
import { wholeId } from './deploy.js'
import { finish, followArgs } from './finish.js'

export const approve = command({
  about: 'Approves a commit of a service whose policy is deploy: manual, and shows how its deployment goes.',
  args: {
    ...serviceArg,
    ...commitArg,
    ...followArgs,
    ...clientArgs,
  },
  examples: [
    ['longshore approve api 3f2a1bc', 'let in the commit that waits'],
    ["longshore approve api 3f2a1bc --why 'tried on staging' --detach", 'ask, and do not wait'],
  ],
  async run({ service, commit, why, config, json, detach }, terminal) {
    const api = await openApi(terminal, config)
    const sha = await wholeId(api, service, commit)
    const accepted = await api.call(approvalRoutes.approve, {
      params: { service },
      body: { commit: sha, why },
    })
    if (accepted.deployment !== undefined || json)
      return finish(api, { service, accepted, detach, json }, terminal)
    const { placements } = await api.call(coreRoutes.service, { params: { service } })
    const still =
      accepted.waits?.reason ?? placements.find((each) => each.why)?.why ?? 'nothing is deployed now'
    terminal.print(`${sha.slice(0, 7)} is approved: ${plain(still)}`)
    return 0
  },
})
