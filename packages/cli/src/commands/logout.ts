import { forgetLogin, formerLogin } from '../api/login.js'
import { revoke } from '../api/sign-in.js'
import { command } from '../command.js'
import { printJson } from '../terminal.js'

export const logout = command({
  about:
    'Ends what `longshore login` began: its token is revoked and forgotten, and the commands ask the Longshore of this machine again.',
  args: { json: { type: 'boolean', description: 'JSON instead of lines for people' } },
  examples: [['longshore logout', 'a token that you brought yourself is forgotten, and still counts']],
  async run({ json }, terminal) {
    const known = formerLogin(terminal.env)
    await forgetLogin(terminal.env)
    const revoked = known !== undefined && (await revoke(known))
    if (json) return printJson(terminal, { forgotten: known?.url ?? null, revoked })
    if (!known) return terminal.print('Nothing was kept.')
    terminal.print(`The token for ${known.url} is ${revoked ? 'revoked' : 'forgotten here'}.`)
    if (revoked) return
    const token =
      known.id === undefined ? 'You brought it yourself: it' : `It could not be revoked: ${known.id}`
    terminal.note(`${token} counts until it ends, or is revoked there.`)
  },
})
