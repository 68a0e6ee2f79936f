import { actorWord, coreRoutes, type Instance, type PlacementView } from '@longshore/core/protocol'
import { clientArgs, command, openApi, serviceArg } from '../command.js'
import { ago, plain, printJson, subject, table, type Terminal } from '../terminal.js'
import { called, calledIn, ending } from '../instance.js'
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
  const { service, host, state, source, running, newest, hold, last, unreachable } = placement
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
    ...shown(placement).map((each) => ['instance', instanceLine(each)]),
  ]
  return rows.filter((row) => row !== undefined)
}

function commitLine({ sha, message, author }: { sha: string; message: string; author: string }): string {
  return `${sha.slice(0, 7)} ${subject(message)} (${plain(author)})`
}

/** What is alive, and what of that which runs now has ended with nothing of its name in its place. */
function shown({ instances, running }: PlacementView): Instance[] {
  const alive = instances.filter(({ state }) => state === 'running' || state === 'restarting')
  const ended = instances.filter(
    (each) =>
      !alive.includes(each) &&
      running?.deployment === each.deployment &&
      !alive.some(({ name }) => name !== undefined && name === each.name),
  )
  return [...alive, ...ended].sort(byName)
}

function byName(a: Instance, b: Instance): number {
  return calledIn(a).localeCompare(calledIn(b), 'en', { numeric: true })
}

function instanceLine(instance: Instance): string {
  const { id, name, pid, state, since, restarts, reason } = instance
  const ended =
    state === 'running' || state === 'lost' ? '' : ` ${ending(instance)}${reason ? `: ${reason}` : ''}`
  const again = restarts > 0 ? `, started again ${restarts === 1 ? 'once' : `${restarts} times`}` : ''
  const whose = name === undefined ? '' : ` ${called({ instance: id })}`
  return `${calledIn(instance)}${whose} ${plain(state + ended)}${pid === undefined ? '' : `, pid ${pid}`} (${ago(since)}${again})`
}
