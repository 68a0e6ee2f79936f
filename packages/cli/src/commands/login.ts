import { sessionRoutes } from '@longshore/auth/protocol'
import { ApiError } from '@longshore/client'
import { parseEnd } from '@longshore/core/protocol'
import { formerLogin, keepLogin, loginFile, type Login } from '../api/login.js'
import { comeIn, ownToken, revoke, type Session } from '../api/sign-in.js'
import { addressOf } from '../api/target.js'
import { command } from '../command.js'
import { UsageError } from '../errors.js'
import { askFor, firstLine } from '../input.js'
import { plain, printJson, type Terminal } from '../terminal.js'

interface Given {
  user?: string | undefined
  code?: string | undefined
  'password-stdin'?: boolean | undefined
}

export const login = command({
  about:
    'Signs in at a Longshore elsewhere, and keeps a token of yours: from then on the commands of this account ask that one. Takes a set-up link, and a link to choose a password, too.',
  args: {
    url: { type: 'positional', description: 'Its address, or a link that you were given', required: true },
    user: { type: 'string', description: 'The name of your account', valueHint: 'NAME' },
    code: { type: 'string', description: 'The code of your authenticator', valueHint: 'CODE' },
    'password-stdin': { type: 'boolean', description: 'The password is the first line of the input' },
    'token-stdin': {
      type: 'boolean',
      description: 'The first line of the input is a token that you have, such as one of the dashboard',
    },
    name: { type: 'string', description: 'What the new token is called', valueHint: 'TEXT' },
    expires: {
      type: 'string',
      description: 'When the new token ends: a time, or a span from now',
      default: '90d',
      valueHint: 'TIME',
    },
    json: { type: 'boolean', description: 'JSON instead of lines for people' },
  },
  examples: [
    ['longshore login https://ship.example', 'asks for name, password and code'],
    ["longshore login 'https://ship.example/link#…'", 'chooses a password by a link, and stays signed in'],
    ['longshore login https://ship.example --token-stdin < token', 'for who signs in by a provider'],
    ['longshore logout', 'revokes the token; the commands ask the Longshore of this machine again'],
  ],
  async run({ url: text, name, expires, json, 'token-stdin': isToken, ...given }, terminal) {
    // A link is a secret until it is used, and other accounts of the machine can read what a process was called with.
    process.title = 'longshore login'
    const url = addressOf(text, 'the address', 'a secret')
    // Told before a link is used up, and an account made by it.
    if (parseEnd(expires, Date.now()) === undefined)
      throw new UsageError(
        'COMMAND_USAGE',
        `--expires: ${expires} is no time to come, and no span from now`,
        {
          hint: 'Name a time to come, or a span such as 90d.',
        },
      )
    const before = formerLogin(terminal.env)
    const made = isToken
      ? await ownToken(url, await firstLine('the token'))
      : await (await sessionBy(url, given, terminal)).token(name, expires)
    await keepLogin(terminal.env, made)
    if (before && before.token !== made.token) await endFormer(before, terminal)
    const { token: _, ...told } = made
    if (json) return printJson(terminal, told)
    tell(terminal, made)
  },
})

/** What is kept nowhere any more shall not count. */
async function endFormer(former: Login, terminal: Terminal): Promise<void> {
  const { id, url } = former
  if (id === undefined || (await revoke(former))) return
  terminal.note(`The token ${id} of before, for ${url}, could not be revoked: it counts until it ends.`)
}

/** By the link, where the address is one; else by name and password. */
async function sessionBy(url: URL, given: Given, terminal: Terminal): Promise<Session> {
  const token = url.hash.slice(1)
  const isSetUp = url.pathname === '/setup'
  if (token === '') return signIn(url, given, terminal)
  if (!isSetUp && url.pathname !== '/link')
    throw new UsageError('COMMAND_USAGE', `${url.pathname} is no link of Longshore`, {
      hint: 'Links look like https://ship.example/link#…; quote them, for the shell reads # otherwise.',
    })
  if (!isSetUp) return comeIn(url, sessionRoutes.useLink, { token, password: await chosen(given, terminal) })
  const name = await nameIn(given, terminal)
  return comeIn(url, sessionRoutes.setUp, { token, name, password: await chosen(given, terminal) })
}

async function signIn(url: URL, given: Given, terminal: Terminal): Promise<Session> {
  const name = await nameIn(given, terminal)
  const password = await passwordIn(given, terminal, 'Password: ')
  const by = (code: string | undefined) => comeIn(url, sessionRoutes.signIn, { name, password, code })
  try {
    return await by(given.code)
  } catch (error) {
    const isHalf = error instanceof ApiError && error.code === 'AUTH_CODE_NEEDED'
    if (!isHalf || !terminal.interactive) throw error
    return by(await askFor('Code: ', { secret: false }))
  }
}

async function nameIn({ user }: Given, terminal: Terminal): Promise<string> {
  if (user !== undefined) return user
  if (terminal.interactive) return askFor('Name: ', { secret: false })
  throw new UsageError('COMMAND_USAGE', 'there is no terminal to ask on', { hint: 'Give --user.' })
}

async function passwordIn(given: Given, terminal: Terminal, question: string): Promise<string> {
  if (given['password-stdin']) return firstLine('the password')
  if (terminal.interactive) return askFor(question, { secret: true })
  throw new UsageError('COMMAND_USAGE', 'there is no terminal to ask on', { hint: 'Give --password-stdin.' })
}

/** A new one, twice where it is typed blindly. */
async function chosen(given: Given, terminal: Terminal): Promise<string> {
  const password = await passwordIn(given, terminal, 'New password: ')
  if (given['password-stdin'] || (await askFor('Once more: ', { secret: true })) === password) return password
  throw new UsageError('COMMAND_USAGE', 'the two differ', { hint: 'Type it again.' })
}

function tell(terminal: Terminal, { url, user, id, expires }: Login): void {
  terminal.print(`The commands of this account ask ${url} now, as ${plain(user)}.`)
  const token = id === undefined ? 'The token' : `The token ${id}, which ends at ${expires ?? 'no time'},`
  terminal.note(
    `${token} lies in ${loginFile(terminal.env)}; longshore logout ${id === undefined ? 'forgets' : 'revokes'} it.`,
  )
}
