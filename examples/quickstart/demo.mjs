import { execFile } from 'node:child_process'
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const exec = promisify(execFile)

/** @typedef {{ api: number, hello: number, git: number }} Ports */

/**
 * The clone that the newcomer works in, with a first commit pushed; one of an earlier run stays as it is.
 * @param {string} folder
 * @param {string} url
 */
export async function makeClone(folder, url) {
  const git = (/** @type {string[]} */ ...args) => exec('git', ['-C', folder, ...args], { timeout: 60_000 })
  if (!existsSync(join(folder, '.git'))) {
    cpSync(fileURLToPath(new URL('demo/', import.meta.url)), folder, { recursive: true })
    await git('init', '--quiet', '--initial-branch=main')
    await git('remote', 'add', 'origin', url)
    const identity = await git('config', 'user.email').catch(() => undefined)
    if (!identity) {
      await git('config', 'user.name', 'Newcomer')
      await git('config', 'user.email', 'newcomer@localhost')
    }
    await git('config', 'commit.gpgsign', 'false')
    await git('add', '.')
    await git('commit', '--quiet', '--message', 'Greet')
  }
  await git('remote', 'set-url', 'origin', url)
  // The server of this process answers it, so it must not block.
  await git('push', '--quiet', '--set-upstream', 'origin', 'main')
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
        .replace('HELLO_PORT', String(ports.hello))
        .replace('REPOSITORY', url),
    )
    return
  }
  let text = readFileSync(file, 'utf8')
  for (const name of /** @type {const} */ (['api', 'hello', 'git']))
    text = text.replaceAll(String(before[name]), String(ports[name]))
  writeFileSync(file, text)
}
