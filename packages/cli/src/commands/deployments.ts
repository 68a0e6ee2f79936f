import { coreRoutes, type Deployment } from '@longshore/core/protocol'
import { clientArgs, command, openApi, serviceArg } from '../command.js'
import { ago, printJson, subject, table } from '../terminal.js'

export const deployments = command({
  about: 'Lists the deployments of a service, newest first.',
  args: {
    ...serviceArg,
    limit: { type: 'string', description: 'So many at most, up to 1000', default: '20', valueHint: 'N' },
    ...clientArgs,
  },
  examples: [['longshore deployments api --limit 5', 'the last five']],
  async run({ service, limit, config, json }, terminal) {
    const api = await openApi(terminal, config)
    const { items } = await api.call(coreRoutes.deployments, { params: { service }, query: { limit } })
    if (json) return printJson(terminal, items)
    if (items.length === 0) return terminal.note(`${service} was not deployed yet.`)
    const heads = ['DEPLOYMENT', 'WHEN', 'COMMIT', 'OUTCOME', 'TOOK', 'MESSAGE'].map((each) =>
      terminal.paint('dim', each),
    )
    for (const line of table([heads, ...items.map(rowOf)])) terminal.print(line)
  },
})

function rowOf({ id, commit, phase, outcome, phases }: Deployment): string[] {
  return [
    id,
    ago(phases[0]!.at),
    commit.sha.slice(0, 7),
    outcome ?? phase,
    took(phases),
    subject(commit.message),
  ]
}

/** From the first phase to the last one, in seconds. */
export function took(phases: Deployment['phases']): string {
  const milliseconds = Date.parse(phases.at(-1)!.at) - Date.parse(phases[0]!.at)
  return `${(milliseconds / 1000).toFixed(1)} s`
}
