import { actorWord, coreRoutes } from '@longshore/core/protocol'
import { clientArgs, command, openApi } from '../command.js'
import { ago, plain, printJson, subject, table } from '../terminal.js'
import { followDeployment, printOutput } from '../api/follow.js'
import { took } from './deployments.js'

export const deployment = command({
  about: 'Shows one deployment: its phases, how it ended, and what it printed.',
  args: {
    deployment: { type: 'positional', description: 'Its id', required: true },
    follow: {
      type: 'boolean',
      alias: 'f',
      description: 'Stay until it has settled, and exit with its outcome',
    },
    ...clientArgs,
  },
  examples: [
    ['longshore deployment 01jd3k5w8xq4m2np', 'one that was'],
    ['longshore deployment 01jd3k5w8xq4m2np -f', 'one that is under way'],
  ],
  async run({ deployment: id, follow, config, json }, terminal) {
    const api = await openApi(terminal, config)
    const found = await api.call(coreRoutes.deployment, { params: { deployment: id } })
    if (follow && !found.outcome)
      return followDeployment(api, { ...found, after: found.seq - 1, json }, terminal)
    if (json) return printJson(terminal, found)
    const { commit, trigger, actor, why, outcome, phase, reason, phases } = found
    const rows = [
      ['service', `${found.service} on ${found.host}`],
      ['commit', `${commit.sha.slice(0, 7)} ${subject(commit.message)}`],
      ['asked by', plain(`${actorWord(actor)} (${trigger})${why ? `: ${why}` : ''}`)],
      [
        'outcome',
        plain(
          `${outcome ?? phase}, ${ago(phases.at(-1)!.at)}, in ${took(phases)}${reason ? `: ${reason}` : ''}`,
        ),
      ],
    ]
    for (const line of table(rows)) terminal.print(line)
    await printOutput(api, id, { follow: false, signal: new AbortController().signal }, terminal)
  },
})
