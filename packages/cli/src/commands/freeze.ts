import { freezeRoutes, type Freeze } from '@longshore/admit-freeze/protocol'
import { clientArgs, command, openApi } from '../command.js'
import { UsageError } from '../errors.js'
import { printJson } from '../terminal.js'

/** What a freeze is of: exactly one of these. */
export const scopeArgs = {
  service: { type: 'positional', description: 'One service', required: false },
  label: { type: 'string', description: 'All services that bear this label', valueHint: 'NAME=VALUE' },
  all: { type: 'boolean', description: 'Every service of the host' },
} as const

export type Scope = Pick<Freeze, 'service' | 'label'>

export const freeze = command({
  about: 'Lets new commits of a service, of a label or of the whole host wait, until that is lifted.',
  args: {
    ...scopeArgs,
    why: {
      type: 'string',
      description: 'The reason: people read it with what waits',
      required: true,
      valueHint: 'TEXT',
    },
    until: {
      type: 'string',
      description: 'When it ends by itself: 2h from now, or a time',
      valueHint: 'TIME',
    },
    ...clientArgs,
  },
  examples: [
    ["longshore freeze api --why 'a sale' --until 8h", 'one service, for eight hours'],
    ["longshore freeze --label tier=edge --why 'the audit'", 'all that bear a label, until it is lifted'],
    ["longshore freeze --all --why 'it burns'", 'the whole host'],
  ],
  async run({ service, label, all, why, until, config, json }, terminal) {
    const scope = scopeOf({ service, label, all })
    const api = await openApi(terminal, config)
    const placed = await api.call(freezeRoutes.place, { body: { ...scope, why, until } })
    if (json) return printJson(terminal, placed)
    const { items } = await api.call(freezeRoutes.list)
    const end = items.find(({ id }) => id === placed.freeze)?.until
    const how = `longshore unfreeze ${scope.service ?? (scope.label ? `--label ${scope.label}` : '--all')}`
    terminal.print(
      `${named(scope)} is frozen${end ? ` until ${end}` : ''}: new commits wait. ${how} ends that.`,
    )
  },
})

/** The scope that the arguments name; throws unless they name exactly one. */
export function scopeOf({ service, label, all }: Scope & { all?: boolean }): Scope {
  if ([service, label, all || undefined].filter((each) => each !== undefined).length === 1)
    return service !== undefined ? { service } : label !== undefined ? { label } : {}
  throw new UsageError('FREEZE_SCOPE', 'a freeze is of one service, of one label or of all', {
    hint: 'Name a service, or give either --label NAME=VALUE or --all.',
  })
}

export function named({ service, label }: Scope): string {
  return service ?? (label === undefined ? 'the host' : `what bears ${label}`)
}
