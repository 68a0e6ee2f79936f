import { chmod, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Clock, definePlugin, GitProvider as Contract, HostInfo, Logger, Secrets } from '@longshore/core'
import { askpassScript } from './access/open.js'
import { removeKeysLeft } from './access/ssh.js'
import { Git } from './git.js'
import { GitConfig } from './config.js'
import { Limiter } from './limiter.js'
import { GitProvider } from './provider.js'
import { HttpClient } from './remote/http.js'

/** Runs of git that stay on this machine, at once. */
const near = 4
/** Exchanges with git servers at once, in all and with one host: one that hangs delays no other. */
const far = { runs: [32, 4], looks: [256, 8] } as const
/** Milliseconds after which a repository that brought nothing new is removed; it is fetched again when it is needed. */
const unused = 30 * 86_400_000

export default definePlugin({
  name: 'git',
  config: GitConfig,
  needs: { host: HostInfo, secrets: Secrets, clock: Clock, log: Logger },
  provides: [Contract],
  setup({ config, needs: { host, secrets, clock, log }, provide, hooks, doctor, metrics }) {
    const folder = join(host.data, 'git')
    const home = join(folder, 'home')
    const askpass = join(folder, 'askpass')
    const git = new Git(home, new Limiter(near), new Limiter(...far.runs))
    const http = new HttpClient(new Limiter(...far.looks))
    const provider = new GitProvider({ config, folder, git, http, secrets, clock, log, askpass })
    provide(Contract, provider)
    provider.looks.tellTo(metrics)
    hooks.started.tap(() => prepare(folder, home, askpass, clock))
    hooks.stopping.tap(() => {
      http.close()
      git.stop()
    })
    doctor.add('git', async (signal) => {
      const version = await git.run({ args: ['version'], signal, timeout: 10_000 }).catch(() => undefined)
      if (!version)
        return { ok: false, say: 'there is no git on this machine', hint: 'Install git 2.30 or newer.' }
      const said = version.toString().trim()
      const [, major = 0, minor = 0] = (/(\d+)\.(\d+)/.exec(said) ?? []).map(Number)
      const ok = major > 2 || (major === 2 && minor >= 30)
      return ok ? { ok, say: said } : { ok, say: `${said} is too old`, hint: 'Install git 2.30 or newer.' }
    })
  },
})

/** Lays out the plugin's folder, and removes what a crash left and repositories that nobody used for long. */
export async function prepare(folder: string, home: string, askpass: string, clock: Clock): Promise<void> {
  await mkdir(home, { recursive: true, mode: 0o700 })
  await chmod(folder, 0o700)
  await writeFile(askpass, askpassScript, { mode: 0o700 })
  await removeKeysLeft()
  for (const name of await readdir(folder)) {
    const kept = await stat(join(folder, name, 'refs/kept')).catch(() => undefined)
    if (kept && clock.now() - kept.mtimeMs > unused)
      await rm(join(folder, name), { recursive: true, force: true })
  }
}
