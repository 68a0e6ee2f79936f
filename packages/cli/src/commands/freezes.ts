import { freezeRoutes } from '@longshore/admit-freeze/protocol'
import { actorWord } from '@longshore/core/protocol'
import { clientArgs, command, openApi } from '../command.js'
import { ago, plain, printJson, table } from '../terminal.js'
import { named } from './freeze.js'

export const freezes = command({
  about: 'Lists what is frozen: whose new commits wait, who wanted that and why.',
  args: clientArgs,
  examples: [['longshore freezes', 'all that are in force']],
  async run({ config, json }, terminal) {
    const api = await openApi(terminal, config)
    const { items } = await api.call(freezeRoutes.list)
    if (json) return printJson(terminal, items)
    if (items.length === 0) return terminal.note('Nothing is frozen.')
    const heads = ['FROZEN', 'BY', 'SINCE', 'UNTIL', 'ID', 'WHY'].map((each) => terminal.paint('dim', each))
    const rows = items.map((each) => {
      const { id, by, since, until, why } = each
      return [named(each), plain(actorWord(by)), ago(since), until ?? '-', id, plain(why)]
    })
    for (const line of table([heads, ...rows])) terminal.print(line)
  },
})
