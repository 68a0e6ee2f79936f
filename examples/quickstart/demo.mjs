import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const exec = promisify(execFile)

/** @typedef {{ api: number, hello: number, git: number }} Ports */

/**
 * The clone that the newcomer works in; one of an earlier run stays as it is.
 * @param {string} folder
 * @param {string} url
 * @param {{ isEmpty: boolean, login: string }} repository isEmpty: it gets a first commit; login: the file of `writeLogin`
 */
export async function makeClone(folder, url, { isEmpty, login }) {
  const git = (/** @type {string[]} */ ...args) => exec('git', ['-C', folder, ...args], { timeout: 60_000 })
  if (!existsSync(join(folder, '.git'))) {
    mkdirSync(folder, { recursive: true })
    await git('init', '--quiet', '--initial-branch=main')
    await git('remote', 'add', 'origin', url)
    const identity = await git('config', 'user.email').catch(() => undefined)
    if (!identity) {
      await git('config', 'user.name', 'Newcomer')
      await git('config', 'user.email', 'newcomer@localhost')
    }
    await git('config', 'commit.gpgsign', 'false')
    await (isEmpty ? begin(git, folder) : git('pull', '--quiet', '--set-upstream', 'origin', 'main'))
  }
  await git('remote', 'set-url', 'origin', url)
  // Read by git itself: so the login stands in no command line, and in no file that others can read.
  await git('config', '--replace-all', 'include.path', login, `^${login}$`)
  // The server of this process answers it, so it must not block. What has moved on since is nobody's to push over.
  if (isEmpty) await git('push', '--quiet', '--set-upstream', 'origin', 'main')
}

/**
 * The first commit.
 * @param {(...args: string[]) => Promise<unknown>} git
 * @param {string} folder
 */
async function begin(git, folder) {
  cpSync(fileURLToPath(new URL('demo/', import.meta.url)), folder, { recursive: true })
  await git('add', '.')
  await git('commit', '--quiet', '--message', 'Greet')
}

/**
 * Makes what pushing needs, as a piece of git's config that only this account can read. Anew at each start: what git may
 * have sent to another server on this port, while ours was down, opens nothing then.
 * @param {string} file
 * @param {string} url
 */
export function writeLogin(file, url) {
  const login = { username: 'newcomer', password: randomBytes(32).toString('base64url') }
  const basic = Buffer.from(`${login.username}:${login.password}`).toString('base64')
  rmSync(file, { force: true })
  writeFileSync(file, `[http "${url}"]\n\textraHeader = Authorization: Basic ${basic}\n`, {
    mode: 0o600,
    flag: 'wx',
  })
  return login
}

/**
 * The config: written once, and yours to change from then on; only ports that somebody else took are replaced.
 * @param {string} file
 * @param {string} url
 * @param {{ ports: Ports, before: Ports }} chosen
 */
export function writeConfig(file, url, { ports, before }) {
  if (!existsSync(file)) {
    const text = readFileSync(new URL('longshore.config.yaml', import.meta.url), 'utf8')
    writeFileSync(
      file,
      text
        .replace('API_PORT', String(ports.api))
        .replaceAll('HELLO_PORT', String(ports.hello))
        .replace('REPOSITORY', url),
    )
    return
  }
  let text = readFileSync(file, 'utf8')
  for (const name of /** @type {const} */ (['api', 'hello', 'git']))
    text = text.replaceAll(String(before[name]), String(ports[name]))
  writeFileSync(file, text)
}
