import { sessionRoutes } from '@longshore/auth/protocol'
import { clientArgs, command, openApi } from '../command.js'
import { UsageError } from '../errors.js'
import { ago, plain, printJson, table } from '../terminal.js'
import { unknownAction } from './user.js'

export const session = command({
  about: 'Lists the sessions of everybody who is signed in, or ends one: ls or end.',
  args: {
    action: { type: 'positional', description: 'ls, end', required: true },
    id: { type: 'positional', description: 'Of end: which one', required: false },
    ...clientArgs,
  },
  examples: [
    ['longshore session ls', 'who is signed in, from where, since when'],
    ['longshore session end 1m8pacnmavhk9q3t', 'ends it, and the sockets that it opened'],
  ],
  async run({ action, id, config, json }, terminal) {
    if (action !== 'ls' && action !== 'end') throw unknownAction('session', action, ['ls', 'end'])
    if (action === 'end' && id === undefined)
      throw new UsageError('COMMAND_USAGE', 'name the session', { hint: 'longshore session ls lists them.' })
    const api = await openApi(terminal, config)
    if (action === 'end') {
      const done = await api.call(sessionRoutes.endSession, { params: { id: id! } })
      return json ? printJson(terminal, done) : terminal.print(`The session ${id} is over.`)
    }
    const { items } = await api.call(sessionRoutes.sessions, { query: { all: '1' } })
    if (json) return printJson(terminal, items)
    if (items.length === 0) return terminal.note('Nobody is signed in.')
    const heads = ['ID', 'USER', 'FROM', 'SINCE', 'SEEN', 'BROWSER'].map((each) =>
      terminal.paint('dim', each),
    )
    const rows = items.map(({ id, user, from, created, seen, agent }) => {
      return [id, user, from ?? '-', ago(created), ago(seen), plain(agent ?? '-')]
    })
    for (const line of table([heads, ...rows])) terminal.print(line)
  },
})
