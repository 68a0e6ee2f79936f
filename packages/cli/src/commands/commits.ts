import { coreRoutes, type CommitView } from '@longshore/core/protocol'
import { clientArgs, command, openApi, serviceArg } from '../command.js'
import { ago, plain, printJson, subject, table, type Terminal } from '../terminal.js'

export const commits = command({
  about:
    'Lists the commits of a service, newest first: which one runs, which is the newest, and what became of each.',
  args: {
    ...serviceArg,
    limit: { type: 'string', description: 'So many at most, up to 1000', default: '20', valueHint: 'N' },
    ...clientArgs,
  },
  examples: [
    ['longshore commits api', 'the last twenty'],
    ['longshore commits api --json --limit 1000', 'all that is kept, for programs'],
  ],
  async run({ service, limit, config, json }, terminal) {
    const api = await openApi(terminal, config)
    const input = { params: { service }, query: { limit } }
    const { items, unreachable } = await api.call(coreRoutes.commits, input)
    if (unreachable) {
      terminal.note(
        plain(
          `The repository cannot be read, ${unreachable.reason} (${unreachable.code}): this is what is kept here.`,
        ),
      )
    }
    if (json) return printJson(terminal, items)
    if (items.length === 0) return terminal.note(`No commit of ${service} was seen yet.`)
    // Most services ask for no signature: then nobody misses the column.
    const signed = items.some(({ verdict }) => verdict?.signer !== undefined)
    const names = ['COMMIT', 'WHEN', 'STATE', ...(signed ? ['SIGNED BY'] : []), 'DEPLOYED', 'MESSAGE']
    const heads = names.map((each) => terminal.paint('dim', each))
    const rows = items.map((each) => rowOf(terminal, each, signed))
    for (const line of table([heads, ...rows])) terminal.print(line)
  },
})

function rowOf(terminal: Terminal, commit: CommitView, signed: boolean): string[] {
  const [last] = commit.deployments
  return [
    commit.sha.slice(0, 7),
    ago(commit.time),
    stateOf(commit)
      .map((word) => (word === 'runs' ? terminal.paint('green', word) : word))
      .join(', '),
    ...(signed ? [plain(commit.verdict?.signer ?? '')] : []),
    last ? `${last.outcome ?? last.phase} ${ago(last.at)}` : '',
    subject(commit.message),
  ]
}

/** What marks it among the others; nothing for one of many that were admitted once, or passed over. */
function stateOf({ runs, newest, quarantine, verdict }: CommitView): string[] {
  return [
    ...(runs.length > 0 ? ['runs'] : []),
    ...(newest.length > 0 ? ['newest'] : []),
    ...(quarantine ? ['quarantined'] : []),
    ...(verdict && verdict.kind !== 'admitted' ? [`${verdict.kind} (${plain(verdict.code ?? '')})`] : []),
  ]
}
