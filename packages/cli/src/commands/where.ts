import { coreRoutes, type ActedWhere, type Where, type WhereItem } from '@longshore/core/protocol'
import type { Client } from '@longshore/client'
import { clientArgs, command, openApi } from '../command.js'
import { ago, plain, printJson, table, type Terminal } from '../terminal.js'

export const where = command({
  about:
    'Tells where a commit is: every service that runs, would run or could go back to one that contains it, and since when.',
  args: {
    commit: {
      type: 'positional',
      description: 'A commit: its id, or at least seven digits with which it begins',
      required: true,
    },
    ...clientArgs,
  },
  examples: [
    ['longshore where 3f2a1bc', 'who runs what contains it'],
    ["longshore stop --contains 3f2a1bc --why 'CVE'", 'stop all of them at once'],
  ],
  async run({ commit, config, json }, terminal) {
    const api = await openApi(terminal, config)
    const found = await api.call(coreRoutes.where, { params: { commit } })
    if (json) printJson(terminal, found)
    else tell(found, terminal)
    return found.unknown.length > 0 ? 1 : 0
  },
})

function tell({ commit, items, unknown }: Where, terminal: Terminal): void {
  if (items.length === 0) terminal.print(`No service has to do with ${commit.slice(0, 7)}.`)
  else {
    const heads = ['SERVICE', 'HOST', 'RUNS', 'SINCE', 'WOULD RUN', 'COULD GO BACK TO', ''].map((head) =>
      terminal.paint('dim', head),
    )
    for (const line of table([heads, ...items.map((item) => rowOf(item, terminal))])) terminal.print(line)
  }
  tellUnknown(unknown, terminal)
}

function rowOf(
  { service, host, runs, would, waits, back, held, quarantined }: WhereItem,
  terminal: Terminal,
): string[] {
  const short = (sha: string | undefined) => sha?.slice(0, 7) ?? '-'
  const first = back.slice(0, 3).map(short).join(' ')
  const marks = [held && 'held', quarantined && 'quarantined', waits && `${short(waits)} waits`].filter(
    Boolean,
  )
  return [
    service,
    host,
    runs ? terminal.paint('red', short(runs.commit)) : '-',
    runs ? ago(runs.since) : '-',
    short(would),
    `${first || '-'}${back.length > 3 ? ` and ${back.length - 3} more` : ''}`,
    marks.join(', '),
  ]
}

function tellUnknown(unknown: Where['unknown'], terminal: Terminal): void {
  for (const { service, host, reason, code } of unknown)
    terminal.note(plain(`Of ${service} on ${host} it cannot be told: ${reason} (${code})`))
}

export const containsArg = {
  contains: {
    type: 'string',
    description: 'Every service that has a commit which contains this one',
    valueHint: 'COMMIT',
  },
} as const

interface Asked {
  route: typeof coreRoutes.stopWhere | typeof coreRoutes.quarantineWhere
  contains: string
  why: string
  json?: boolean
}

/** Acts at all the places where a commit is; answers the exit code: 1 when one of them was not reached. */
export async function actWhere(
  api: Client,
  { route, contains, why, json }: Asked,
  terminal: Terminal,
): Promise<number> {
  const acted: ActedWhere = await api.call(route, { params: { commit: contains }, body: { why } })
  const { commit, items, unknown } = acted
  if (json) printJson(terminal, acted)
  else {
    const done = route === coreRoutes.stopWhere ? 'is held and ends' : `has ${commit.slice(0, 7)} barred`
    for (const { service, host, code, reason } of items)
      terminal.print(
        plain(code ? `${service} on ${host}: ${reason} (${code})` : `${service} on ${host} ${done}.`),
      )
    if (items.length === 0) terminal.print(`No service has to do with ${commit.slice(0, 7)}.`)
    tellUnknown(unknown, terminal)
  }
  return unknown.length > 0 || items.some(({ code }) => code !== undefined) ? 1 : 0
}
