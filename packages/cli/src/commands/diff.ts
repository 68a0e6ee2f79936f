import { createTwoFilesPatch } from 'diff'
import { coreRoutes, DeploymentId, type Deployment, type DeploymentDiff } from '@longshore/core/protocol'
import { clientArgs, command, openApi, serviceArg } from '../command.js'
import { commitLine, plain, printJson, table, type Terminal } from '../terminal.js'
import { wholeId } from './deploy.js'

/** Files that are listed; more are counted. */
const mostFiles = 50

export const diff = command({
  about:
    'Shows what differs between two deployments of a service: commits, files, the resolved config and the images.',
  args: {
    ...serviceArg,
    from: { type: 'positional', description: 'A deployment, or a commit: the earlier one', required: false },
    to: { type: 'positional', description: 'A deployment, or a commit: the later one', required: false },
    ...clientArgs,
  },
  examples: [
    ['longshore diff api', 'the last deployment beside what was kept before it'],
    ['longshore diff api 3f2a1bc 9d01c4e', 'the last deployments of two commits'],
  ],
  async run({ service, from, to, config, json }, terminal) {
    const api = await openApi(terminal, config)
    const named = async (name: string | undefined) =>
      name === undefined || DeploymentId.safeParse(name).success ? name : wholeId(api, service, name)
    const query = { from: await named(from), to: await named(to) }
    const found = await api.call(coreRoutes.diff, { params: { service }, query })
    if (json) return printJson(terminal, found)
    tell(found, terminal)
  },
})

function tell({ from, to, commits, back, files, images }: DeploymentDiff, terminal: Terminal): void {
  const sides = [sideOf('from', from), sideOf('to', to)]
  for (const line of table(sides)) terminal.print(line)
  list(terminal, 'Commits', commits?.map(commitLine) ?? 'the repository cannot tell now')
  if (back && back.length > 0) list(terminal, 'No longer there', back.map(commitLine))
  list(terminal, 'Files', files ?? 'the repository cannot tell now')
  const moved = images.filter((image) => image.from !== image.to)
  list(
    terminal,
    'Images',
    moved.map((image) => `${image.name}: ${image.from ?? 'none'} → ${image.to ?? 'none'}`),
  )
  const [before, after] = [from.made?.resolved ?? '', to.made?.resolved ?? '']
  if (before === after) return list(terminal, 'Resolved config', [])
  terminal.print('Resolved config')
  const patch = createTwoFilesPatch(from.id, to.id, before, after, undefined, undefined, { context: 2 })
  for (const line of patch.split('\n').slice(3)) if (line) terminal.print(`  ${paint(line, terminal)}`)
}

function sideOf(word: string, { id, commit, outcome, phase }: Deployment): string[] {
  return [word, id, outcome ?? phase, commitLine(commit)]
}

/** A heading with its lines; none: that all is the same. */
function list(terminal: Terminal, heading: string, lines: string[] | string): void {
  if (typeof lines === 'string') return terminal.print(`${heading}: ${lines}`)
  if (lines.length === 0) return terminal.print(`${heading}: the same`)
  terminal.print(heading)
  for (const line of lines.slice(0, mostFiles)) terminal.print(`  ${plain(line)}`)
  if (lines.length > mostFiles) terminal.print(`  and ${lines.length - mostFiles} more`)
}

function paint(line: string, terminal: Terminal): string {
  if (line.startsWith('+')) return terminal.paint('green', plain(line))
  if (line.startsWith('-')) return terminal.paint('red', plain(line))
  return plain(line)
}
