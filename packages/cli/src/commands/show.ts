import { actorWord, coreRoutes, type PlacementView } from '@longshore/core/protocol'
import { clientArgs, command, openApi, serviceArg } from '../command.js'
import { ago, plain, printJson, subject, table, type Terminal } from '../terminal.js'
import { paintState } from './ls.js'

export const show = command({
  about: 'Shows one service: what runs, what should, who holds it, and how its last deployment ended.',
  args: { ...serviceArg, ...clientArgs },
  examples: [['longshore show api', 'the service api']],
  async run({ service, config, json }, terminal) {
    const api = await openApi(terminal, config)
    const view = await api.call(coreRoutes.service, { params: { service } })
    if (json) return printJson(terminal, view)
    for (const placement of view.placements) {
      for (const line of table(facts(terminal, placement))) terminal.print(line)
      if (placement.why) terminal.print(plain(placement.why))
    }
  },
})

function facts(terminal: Terminal, placement: PlacementView): string[][] {
  const { service, host, state, source, running, newest, hold, last, unreachable, instances } = placement
  const rows: (string[] | undefined)[] = [
    ['service', `${service} on ${host}`],
    ['state', paintState(terminal, state)],
    ['source', plain(`${source.url} ${source.ref}${source.path ? ` (${source.path})` : ''}`)],
    ['runs', running ? `${commitLine(running.commit)} (since ${ago(running.since)})` : 'nothing'],
    newest && newest.sha !== running?.commit.sha ? ['newest', commitLine(newest)] : undefined,
    hold && ['held by', plain(`${actorWord(hold.by)}, ${ago(hold.since)}: ${hold.why ?? 'no reason given'}`)],
    unreachable && ['repository', plain(`away since ${ago(unreachable.since)}: ${unreachable.reason}`)],
    last && [
      'last',
      plain(`${last.id} ${last.outcome} ${ago(last.at)}${last.reason ? `: ${last.reason}` : ''}`),
    ],
    ...instances.filter((each) => each.state !== 'exited').map((each) => ['instance', instanceLine(each)]),
  ]
  return rows.filter((row) => row !== undefined)
}

function commitLine({ sha, message, author }: { sha: string; message: string; author: string }): string {
  return `${sha.slice(0, 7)} ${subject(message)} (${plain(author)})`
}

function instanceLine({ id, pid, state, since, restarts }: PlacementView['instances'][number]): string {
  const again = restarts > 0 ? `, started again ${restarts} times` : ''
  return `${id} ${state}${pid === undefined ? '' : `, pid ${pid}`} (${ago(since)}${again})`
}
