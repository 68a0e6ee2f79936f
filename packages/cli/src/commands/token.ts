import { tokenRoutes, type Role, type Token } from '@longshore/auth/protocol'
import { clientArgs, command, openApi } from '../command.js'
import { UsageError } from '../errors.js'
import { ago, plain, printJson, table, type Terminal } from '../terminal.js'
import { listed, unknownAction } from './user.js'

export const token = command({
  about: 'Lists, creates and revokes tokens for programs: ls, create or revoke.',
  args: {
    action: { type: 'positional', description: 'ls, create, revoke', required: true },
    name: { type: 'positional', description: 'What it is for; of revoke: its id', required: false },
    role: { type: 'string', description: 'viewer, operator or admin', valueHint: 'ROLE' },
    rights: {
      type: 'string',
      description: 'Single rights instead',
      valueHint: 'services:read,services:deploy:api',
    },
    services: { type: 'string', description: 'For these services only', valueHint: 'web-*,team=blue' },
    from: { type: 'string', description: 'May be used from these networks only', valueHint: '10.0.0.0/8' },
    expires: { type: 'string', description: 'When it ends: a time, or a span from now', valueHint: '90d' },
    ...clientArgs,
  },
  examples: [
    [
      'longshore token create ci --rights services:read,services:deploy:api --expires 90d',
      'prints it, this once',
    ],
    ['longshore token create wall --role viewer --from 10.1.0.0/16', 'for a display in the office'],
    ['longshore token revoke 1m8pacnmavhk9q3t', 'by the id that ls shows'],
  ],
  async run({ action, name, role, rights, services, from, expires, config, json }, terminal) {
    if (!['ls', 'create', 'revoke'].includes(action))
      throw unknownAction('token', action, ['ls', 'create', 'revoke'])
    const api = await openApi(terminal, config)
    if (action === 'ls') {
      const { items } = await api.call(tokenRoutes.tokens, { query: { all: '1' } })
      return json ? printJson(terminal, items) : list(terminal, items)
    }
    if (name === undefined)
      throw new UsageError('COMMAND_USAGE', action === 'create' ? 'name what it is for' : 'name its id', {
        hint: 'See longshore token --help',
      })
    if (action === 'revoke') {
      const done = await api.call(tokenRoutes.revokeToken, { params: { id: name } })
      return json ? printJson(terminal, done) : terminal.print(`${name} is revoked.`)
    }
    const limits = { services: listed({ services }), networks: listed({ services: from }), expires }
    const wish = { name, role: role as Role | undefined, rights: listed({ services: rights }), ...limits }
    const made = await api.call(tokenRoutes.addToken, { body: wish })
    if (json) return printJson(terminal, made)
    terminal.note(
      `This is the token ${made.id}. It is shown this once: keep it where only its program reads it.`,
    )
    terminal.print(made.token)
  },
})

function list(terminal: Terminal, tokens: Token[]): void {
  if (tokens.length === 0) return terminal.note('There is no token.')
  const heads = ['ID', 'NAME', 'OWNER', 'MAY', 'FROM', 'EXPIRES', 'USED'].map((each) =>
    terminal.paint('dim', each),
  )
  const rows = tokens.map(({ id, name, owner, role, rights, services, networks, expires, used }) => {
    const may = `${role ?? rights?.join(' ')}${services ? ` of ${services.join(' ')}` : ''}`
    const from = networks?.join(' ') ?? 'anywhere'
    return [id, plain(name), owner ?? '-', plain(may), from, expires ?? 'never', used ? ago(used) : 'never']
  })
  for (const line of table([heads, ...rows])) terminal.print(line)
}
