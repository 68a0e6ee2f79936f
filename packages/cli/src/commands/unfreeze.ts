import { freezeRoutes } from '@longshore/admit-freeze/protocol'
import { RefusedError } from '@longshore/core'
import { actorWord } from '@longshore/core/protocol'
import { clientArgs, command, openApi } from '../command.js'
import { plain, printJson } from '../terminal.js'
import { named, scopeArgs, scopeOf } from './freeze.js'

export const unfreeze = command({
  about: 'Ends a freeze: what waited because of it is judged again. Other freezes that cover the same go on.',
  args: {
    ...scopeArgs,
    id: { type: 'string', description: 'One freeze, as `longshore freezes` lists it', valueHint: 'ID' },
    ...clientArgs,
  },
  examples: [
    ['longshore unfreeze api', 'every freeze of that service alone'],
    ['longshore unfreeze --all', 'those of the whole host; not those of a service or a label'],
    ['longshore unfreeze --id 01jd3k5w8xq4m2np', 'one of several'],
  ],
  async run({ service, label, all, id, config, json }, terminal) {
    const scope = id === undefined ? scopeOf({ service, label, all }) : undefined
    const api = await openApi(terminal, config)
    const { items } = await api.call(freezeRoutes.list)
    const meant = items.filter((each) =>
      scope ? each.service === scope.service && each.label === scope.label : each.id === id,
    )
    if (meant.length === 0) {
      const what = scope ? `${named(scope)} is not frozen by a freeze of its own` : `there is no freeze ${id}`
      throw new RefusedError('NOT_FROZEN', what, { hint: 'Look at longshore freezes.' })
    }
    for (const each of meant) {
      await api.call(freezeRoutes.lift, { params: { freeze: each.id } })
      if (!json)
        terminal.print(plain(`The freeze of ${named(each)} by ${actorWord(each.by)} is lifted: ${each.why}`))
    }
    if (json) printJson(terminal, meant)
  },
})
