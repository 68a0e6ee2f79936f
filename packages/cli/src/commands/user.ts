import { userRoutes, type Role, type User } from '@longshore/auth/protocol'
import { clientArgs, command, openApi } from '../command.js'
import type { Client } from '@longshore/client'
import { UsageError } from '../errors.js'
import { firstLine } from '../input.js'
import { ago, plain, printJson, table, type Terminal } from '../terminal.js'

interface Given {
  name?: string | undefined
  role?: string | undefined
  services?: string | undefined
  password?: string | undefined
}
type Action = (api: Client, given: Given) => Promise<unknown>

/** What each word does; answers what `--json` prints. */
const actions: Record<string, Action> = {
  ls: async (api) => (await api.call(userRoutes.users)).items,
  add: (api, given) => {
    const { password, role = 'viewer' } = given
    const body = { name: named(given), role: role as Role, services: listed(given), password }
    return api.call(userRoutes.addUser, { body })
  },
  change: (api, given) => {
    const services = given.services === 'all' ? null : listed(given)
    if (given.role === undefined && services === undefined)
      throw new UsageError('COMMAND_USAGE', 'say what to change', {
        hint: 'Give --role, --services or both.',
      })
    return api.call(userRoutes.changeUser, {
      ...to(given),
      body: { role: given.role as Role | undefined, services },
    })
  },
  disable: (api, given) => api.call(userRoutes.changeUser, { ...to(given), body: { disabled: true } }),
  enable: (api, given) => api.call(userRoutes.changeUser, { ...to(given), body: { disabled: false } }),
  reset: (api, given) => api.call(userRoutes.resetUser, to(given)),
  remove: (api, given) => api.call(userRoutes.removeUser, to(given)),
}

const done: Record<string, string> = {
  remove: 'removed',
  add: 'may sign in',
  disable: 'disabled',
  enable: 'enabled',
}

export const user = command({
  about:
    'Lists, adds and changes accounts: ls, add, change, disable, enable, reset (a new link to choose a password) or remove.',
  args: {
    action: { type: 'positional', description: Object.keys(actions).join(', '), required: true },
    name: { type: 'positional', description: 'The name of the account', required: false },
    role: { type: 'string', description: 'viewer, operator or admin', valueHint: 'ROLE' },
    services: {
      type: 'string',
      description: 'Its rights are for these only: patterns of names, or labels; all takes that away',
      valueHint: 'web-*,team=blue',
    },
    'password-stdin': { type: 'boolean', description: 'Of add: its password is the first line of the input' },
    ...clientArgs,
  },
  examples: [
    ['longshore user add ines --role admin', 'answers a link by which she chooses a password'],
    ['longshore user add bob --role operator --services web-*,team=blue', 'may act on some services only'],
    [
      'longshore user add ines --role admin --password-stdin < file',
      'without a link: she can sign in at once',
    ],
    ['longshore user disable bob', 'ends his sessions, and his tokens count no more'],
    ['longshore user reset ines', 'the way back for who lost a password or an authenticator'],
  ],
  async run({ action, name, role, services, 'password-stdin': given, config, json }, terminal) {
    const act = Object.hasOwn(actions, action) ? actions[action]! : undefined
    if (!act) throw unknownAction('user', action, Object.keys(actions))
    const api = await openApi(terminal, config)
    const password = given ? await firstLine('the password') : undefined
    const answer = await act(api, { name, role, services, password })
    if (json) return printJson(terminal, answer)
    await tell(terminal, api, action, name, answer)
  },
})

async function tell(
  terminal: Terminal,
  api: Client,
  action: string,
  name = '',
  answer: unknown,
): Promise<void> {
  if (action === 'ls') return list(terminal, answer as User[])
  const { link, ...made } = answer as {
    link?: { path: string; expires: string }
    path?: string
    expires?: string
  }
  const { path, expires } = link ?? made
  if (path === undefined) return terminal.print(`${name}: ${done[action] ?? 'changed'}.`)
  const { coreRoutes } = await import('@longshore/core/protocol')
  const { url } = await api.call(coreRoutes.info)
  terminal.print(`${name} chooses a password here, once, until ${expires}:\n  ${url}${path}`)
}

function list(terminal: Terminal, users: User[]): void {
  if (users.length === 0)
    return terminal.note('There is no account yet. Make the first: longshore user add NAME --role admin')
  const heads = ['NAME', 'ROLE', 'SERVICES', 'SIGNS IN BY', 'SEEN'].map((each) => terminal.paint('dim', each))
  const rows = users.map(({ name, role, services, signsIn, totp, disabled, seen }) => {
    const how = disabled ? 'disabled' : `${signsIn}${totp ? ' and code' : ''}`
    return [name, role, plain(services?.join(' ') ?? 'all'), how, seen === undefined ? '-' : ago(seen)]
  })
  for (const line of table([heads, ...rows])) terminal.print(line)
}

function named({ name }: Given): string {
  if (name !== undefined) return name
  throw new UsageError('COMMAND_USAGE', 'name the account', { hint: 'See longshore user --help' })
}

function to(given: Given) {
  return { params: { user: named(given) } }
}

/** Words with commas between. */
export function listed({ services }: Pick<Given, 'services'>): string[] | undefined {
  return services
    ?.split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
}

export function unknownAction(command: string, action: string, known: string[]): UsageError {
  return new UsageError('COMMAND_USAGE', `longshore ${command} does not know ${action}`, {
    hint: `It knows: ${known.join(', ')}.`,
  })
}
