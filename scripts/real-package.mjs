import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** A program nobody wrote for these tests: thousands of files, no dependencies, and a server of its own. */
export const realPackage = { name: 'tiddlywiki', version: '5.1.21' }

const file = `${realPackage.name}-${realPackage.version}.tgz`
/** What is fetched for the tests and is no Debian package: kept between runs, outside of the checkout. */
export const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'longshore')
const folder = join(cache, 'packages')

/** Where its tarball lies, once it was fetched. */
export const realTarball = join(folder, file)

/** Fetches the tarball by npm when it is not there; answers whether it is there now. */
export function fetchRealPackage() {
  if (existsSync(realTarball)) return true
  mkdirSync(folder, { recursive: true })
  const part = mkdtempSync(join(folder, 'part-'))
  const what = `${realPackage.name}@${realPackage.version}`
  try {
    const args = ['pack', what, '--silent', '--pack-destination', part]
    const { status } = spawnSync('npm', args, { stdio: 'ignore', timeout: 300_000 })
    if (status !== 0) return false
    // Moved, not written in place: a fetch that was broken off must not look like one that was not.
    renameSync(join(part, file), realTarball)
    return true
  } finally {
    rmSync(part, { recursive: true, force: true })
  }
}
