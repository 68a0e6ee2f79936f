import { coreRoutes } from '@longshore/core/protocol'
import { clientArgs, command, openApi, optionalCommitArg } from '../command.js'
import { UsageError } from '../errors.js'
import { wholeId } from './deploy.js'
import { finish } from './finish.js'
import { actWhere, containsArg } from './where.js'

export const quarantine = command({
  about:
    'Bars a commit: no push, poll, restart or healing runs it again until it is lifted. What runs of it goes back to what was kept before.',
  args: {
    service: { type: 'positional', description: 'The name of the service', required: false },
    ...optionalCommitArg,
    why: {
      type: 'string',
      description: 'The reason: whoever pushes it again is told',
      required: true,
      valueHint: 'TEXT',
    },
    descendants: { type: 'boolean', description: 'Bar all that contains it, too' },
    repository: { type: 'boolean', description: 'For every service of the repository, also later ones' },
    ...containsArg,
    detach: { type: 'boolean', description: 'Return at once instead of following the way back' },
    ...clientArgs,
  },
  examples: [
    ["longshore quarantine api 3f2a1bc --why 'it leaks addresses'", 'this commit never runs for api again'],
    ["longshore quarantine api 3f2a1bc --descendants --why 'CVE'", 'nor does anything that contains it'],
    ["longshore quarantine --contains 3f2a1bc --why 'CVE'", 'for every service whose commits contain it'],
  ],
  async run(args, terminal) {
    const { service, commit, contains, why, descendants, repository, config, json, detach } = args
    const api = await openApi(terminal, config)
    if (contains !== undefined) {
      if (service !== undefined) throw both()
      if (repository || descendants || detach) {
        throw new UsageError(
          'COMMAND_USAGE',
          '--contains bars all that contains the commit, in every service that has it',
          {
            hint: 'Leave out --descendants, --repository and --detach.',
          },
        )
      }
      return actWhere(api, { route: coreRoutes.quarantineWhere, contains, why, json }, terminal)
    }
    if (service === undefined || commit === undefined) {
      throw new UsageError('COMMAND_USAGE', 'a service and a commit belong here, or --contains COMMIT', {
        hint: 'See longshore quarantine --help',
      })
    }
    const sha = await wholeId(api, service, commit)
    const body = { why, ...(descendants && { descendants }), ...(repository && { repository }) }
    const accepted = await api.call(coreRoutes.quarantine, { params: { service, commit: sha }, body })
    if (!json) terminal.print(`${sha.slice(0, 7)} is barred from ${service}.`)
    if (accepted.deployment === undefined && !json) return
    return finish(api, { service, accepted, detach, json }, terminal)
  },
})

/** `--contains` means every service there is. */
export function both(): UsageError {
  return new UsageError('COMMAND_USAGE', '--contains means every service that has the commit: name none', {
    hint: 'Leave out the service, or --contains.',
  })
}
