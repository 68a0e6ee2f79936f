import { coreRoutes, type ServiceView, type StateWord } from '@longshore/core/protocol'
import { atArg, clientArgs, command, openApi, pointOf } from '../command.js'
import { ago, plain, printJson, subject, table, type Terminal } from '../terminal.js'

export const ls = command({
  about: 'Lists the services: their state, the commit that runs, and why when it is not the one that should.',
  args: { ...atArg, ...clientArgs },
  examples: [
    ['longshore ls', 'the services of this machine'],
    ['longshore ls --at 1h', 'what it would have said an hour ago'],
    ['longshore ls --json', 'the same for programs'],
  ],
  async run({ at, config, json }, terminal) {
    const point = pointOf(at)
    const api = await openApi(terminal, config)
    const services: ServiceView[] = []
    for (let cursor: string | undefined; ;) {
      const { items, next } = await api.call(coreRoutes.services, {
        query: { limit: 1000, cursor, at: point },
      })
      services.push(...items)
      if (next === null) break
      cursor = next
    }
    if (json) return printJson(terminal, services)
    if (services.length === 0)
      return terminal.note(at ? 'No service was declared then.' : 'The config declares no service yet.')
    const rows = services.flatMap((service) => service.placements.map((each) => rowOf(terminal, each)))
    const heads = ['SERVICE', 'STATE', 'COMMIT', 'SINCE', 'MESSAGE'].map((head) =>
      terminal.paint('dim', head),
    )
    for (const line of table([heads, ...rows])) terminal.print(line)
    for (const { why } of services.flatMap(({ placements }) => placements))
      if (why) terminal.print(plain(why))
  },
})

function rowOf(terminal: Terminal, { service, state, running }: ServiceView['placements'][number]): string[] {
  const commit = running?.commit
  return [
    service,
    paintState(terminal, state),
    commit ? commit.sha.slice(0, 7) : '-',
    running ? ago(running.since) : '-',
    commit ? subject(commit.message) : '',
  ]
}

const colours = {
  healthy: 'green',
  failing: 'red',
  deploying: 'cyan',
  held: 'yellow',
  quarantined: 'yellow',
} as const

export function paintState(terminal: Terminal, state: StateWord): string {
  const colour = (colours as Partial<Record<StateWord, 'green' | 'red' | 'cyan' | 'yellow'>>)[state]
  return colour ? terminal.paint(colour, state) : state
}
