import { coreRoutes, DeploymentId } from '@longshore/core/protocol'
import { clientArgs, command, openApi, serviceArg } from '../command.js'
import { wholeId } from './deploy.js'
import { finish, followArgs } from './finish.js'

export const rollback = command({
  about: 'Goes back to what was kept before, or to the commit or deployment named, and shows how it goes.',
  args: {
    ...serviceArg,
    to: {
      type: 'positional',
      description: 'A deployment, or a commit: its id, or how one that `longshore commits` lists begins',
      required: false,
    },
    ...followArgs,
    ...clientArgs,
  },
  examples: [
    ['longshore rollback api', 'to the deployment that was kept before this one'],
    ['longshore rollback api 3f2a1bc', 'to a commit, with the images that it used then'],
  ],
  async run({ service, to, why, config, json, detach }, terminal) {
    const api = await openApi(terminal, config)
    const target = to === undefined || isDeployment(to) ? to : await wholeId(api, service, to)
    const accepted = await api.call(coreRoutes.rollback, { params: { service }, body: { to: target, why } })
    return finish(api, { service, accepted, detach, json }, terminal)
  },
})

function isDeployment(text: string): boolean {
  return DeploymentId.safeParse(text).success
}
