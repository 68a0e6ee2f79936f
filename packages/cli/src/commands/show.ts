import {
  alive,
  actorWord,
  coreRoutes,
  type Actor,
  type CheckState,
  type Instance,
  type PlacementView,
} from '@longshore/core/protocol'

import { atArg, clientArgs, command, openApi, pointOf, serviceArg } from '../command.js'
import { commitLine, ago, plain, printJson, table, type Terminal } from '../terminal.js'
import { called, calledIn, ending } from '../instance.js'
import { paintState } from './ls.js'

/** Quarantines that are listed, the last ones. */
const shownQuarantines = 5

export const show = command({
  about: 'Shows one service: what runs, what should, why they differ, what bars it, and what happens next.',
  args: { ...serviceArg, ...atArg, ...clientArgs },
  examples: [
    ['longshore show api', 'the service api'],
    ['longshore show api --at 2026-05-01T12:00:00Z', 'as it was then'],
  ],
  async run({ service, at, config, json }, terminal) {
    const query = { at: pointOf(at) }
    const api = await openApi(terminal, config)
    const view = await api.call(coreRoutes.service, { params: { service }, query })
    if (json) return printJson(terminal, view)
    for (const placement of view.placements)
      for (const line of table(facts(terminal, placement))) terminal.print(line)
  },
})

type Row = string[] | undefined

function facts(terminal: Terminal, placement: PlacementView): string[][] {
  const { service, host, state, source, why, next, last, unreachable } = placement
  const rows: Row[] = [
    ['service', `${service} on ${host}`],
    ['state', paintState(terminal, state)],
    ['source', plain(`${source.url} ${source.ref}${source.path ? ` (${source.path})` : ''}`)],
    ...commits(placement),
    why === undefined ? undefined : ['why', plain(why)],
    ...bars(placement),
    unreachable && ['repository', plain(`away since ${ago(unreachable.since)}: ${unreachable.reason}`)],
    last && [
      'last',
      plain(`${last.id} ${last.outcome} ${ago(last.at)}${last.reason ? `: ${last.reason}` : ''}`),
    ],
    ...(placement.checks ?? []).map((each) => ['check', checkLine(terminal, each)]),
    ...shown(placement).map((each) => ['instance', instanceLine(each)]),
    ['next', plain(next)],
  ]
  return rows.filter((row) => row !== undefined)
}

/** What runs, what should, and what is there beside that. */
function commits({ running, newest, waiting, kept = [], desired }: PlacementView): Row[] {
  const all = [newest, waiting?.commit, running?.commit, ...kept.map(({ commit }) => commit)]
  const wanted = all.find((commit) => commit?.sha === desired)
  const differs = desired !== running?.commit.sha
  const other = newest && newest.sha !== running?.commit.sha && newest.sha !== desired
  return [
    ['runs', running ? `${commitLine(running.commit)} (since ${ago(running.since)})` : 'nothing'],
    differs ? ['should run', wanted ? commitLine(wanted) : (desired?.slice(0, 7) ?? 'nothing')] : undefined,
    other ? ['newest', commitLine(newest)] : undefined,
  ]
}

/** What stands between the source and what runs. */
function bars({ hold, pin, quarantines, waiting, refused }: PlacementView): Row[] {
  const because = (text: string | undefined) => (text ? `: ${text}` : '')
  const placed = (each: { by: Actor; since: string; why?: string }) =>
    plain(`${actorWord(each.by)}, ${ago(each.since)}${because(each.why)}`)
  const until = waiting?.until === undefined ? '' : ` (until ${waiting.until})`
  const listed = quarantines.slice(-shownQuarantines).reverse()
  const rest = quarantines.length - listed.length
  return [
    hold && ['held by', placed(hold)],
    pin && ['pinned', `${commitLine(pin.commit)} by ${placed(pin)}`],
    waiting && ['waits', `${commitLine(waiting.commit)}: ${plain(waiting.reason)}${until}`],
    refused && ['refused', plain(`${refused.sha.slice(0, 7)}: ${refused.reason} (${refused.code})`)],
    ...listed.map((each) => [
      'quarantined',
      `${each.sha.slice(0, 7)}${each.descendants ? ' and what contains it' : ''} by ${placed(each)}`,
    ]),
    rest > 0 ? ['quarantined', `and ${rest} more: longshore show --json`] : undefined,
  ]
}

function checkLine(terminal: Terminal, { check, healthy, since, reason }: CheckState): string {
  const word = healthy ? terminal.paint('green', 'healthy') : terminal.paint('red', 'unhealthy')
  return `${check} ${word} (${ago(since)})${reason ? `: ${plain(reason)}` : ''}`
}

/** What is alive, and what of that which runs now has ended with nothing of its name in its place. */
function shown({ instances, running }: PlacementView): Instance[] {
  const living = instances.filter(({ state }) => alive.has(state))
  const ended = instances.filter(
    (each) =>
      !living.includes(each) &&
      running?.deployment === each.deployment &&
      !living.some(({ name }) => name !== undefined && name === each.name),
  )
  return [...living, ...ended].sort(byName)
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
