import { forgetLogin, readLogin } from '../api/login.js'
import { command } from '../command.js'
import { printJson } from '../terminal.js'

export const logout = command({
  about: 'Forgets what `longshore login` keeps: the commands ask the Longshore of this machine again.',
  args: { json: { type: 'boolean', description: 'JSON instead of lines for people' } },
  examples: [['longshore logout', 'the token still counts until it is revoked, or ends']],
  async run({ json }, terminal) {
    // One that cannot be read is forgotten too.
    const known = attempt(() => readLogin(terminal.env))
    await forgetLogin(terminal.env)
    if (json) return printJson(terminal, { forgotten: known?.url ?? null })
    terminal.print(known ? `The token for ${known.url} is forgotten here.` : 'Nothing was kept.')
    if (known?.id !== undefined)
      terminal.note(
        `It counts until it ends; revoke ${known.id} under your tokens there, or have it revoked.`,
      )
  },
})

function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
