import { coreRoutes, type PlanView } from '@longshore/core/protocol'
import { clientArgs, command, openApi, optionalCommitArg, serviceArg } from '../command.js'
import { commitLine, plain, printJson, table, type Terminal } from '../terminal.js'
import { wholeId } from './deploy.js'

/** Files that are listed; more are counted. */
const mostFiles = 20

export const plan = command({
  about:
    'Shows what a deployment would change, of what should run or of the commit named. Nothing is touched.',
  args: {
    ...serviceArg,
    ...optionalCommitArg,
    ...clientArgs,
  },
  examples: [
    ['longshore plan api', 'what the next deployment would do'],
    ['longshore plan api 3f2a1bc', 'what that commit would do'],
  ],
  async run({ service, commit, config, json }, terminal) {
    const api = await openApi(terminal, config)
    const sha = commit === undefined ? undefined : await wholeId(api, service, commit)
    const view = await api.call(coreRoutes.plan, { params: { service }, query: { commit: sha } })
    if (json) return printJson(terminal, view)
    tell(view, terminal)
  },
})

function tell({ from, commit, files, barred, preview }: PlanView, terminal: Terminal): void {
  const rows = [
    ['runs', from ? commitLine(from) : 'nothing'],
    ['would run', commitLine(commit)],
  ]
  if (barred) {
    const until = barred.until === undefined ? '' : ` (until ${barred.until})`
    rows.push(['but', terminal.paint('yellow', plain(`${barred.reason} (${barred.code})${until}`))])
  }
  for (const line of table(rows)) terminal.print(line)
  const count = files?.length
  if (count !== undefined) terminal.print(count === 0 ? 'No file differs.' : `${count} files differ:`)
  for (const file of files?.slice(0, mostFiles) ?? []) terminal.print(`  ${plain(file)}`)
  if (count !== undefined && count > mostFiles) terminal.print(`  and ${count - mostFiles} more`)
  if (!preview) return terminal.print('Its run kind does not tell what an apply would do.')
  if (preview.changes.length === 0) return terminal.print('Nothing of what runs would change.')
  const changes = preview.changes.map(({ what, instance, say }) => [
    what === 'keep' ? terminal.paint('dim', what) : what,
    plain(instance),
    plain(say),
  ])
  for (const line of table(changes)) terminal.print(line)
}
