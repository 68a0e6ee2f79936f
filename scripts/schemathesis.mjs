import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cache } from './real-package.mjs'

/** A fuzzer of APIs by their OpenAPI document, from PyPI. */
export const schemathesis = { name: 'schemathesis', version: '4.32.5' }

/** Where it is put, with all that it needs; the tests look for it there. */
const folder = join(cache, 'schemathesis')
/** Written last: a folder that was left half filled has none. */
const marker = join(folder, 'version')

/** Whether this version is there, whole. */
export function hasSchemathesis() {
  return existsSync(marker) && readFileSync(marker, 'utf8') === schemathesis.version
}

/** Brings it into a virtual environment in the cache; false when that does not succeed. */
export function fetchSchemathesis() {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(cache, { recursive: true })
  // pip of outside fills it, so that Debian's package with the one of inside is not needed.
  if (!run('python3', ['-m', 'venv', '--without-pip', folder])) return false
  const wanted = `${schemathesis.name}==${schemathesis.version}`
  const python = join(folder, 'bin', 'python')
  const options = ['install', '--quiet', '--disable-pip-version-check', '--no-input']
  if (!run('pip3', ['--python', python, ...options, wanted])) return false
  writeFileSync(marker, schemathesis.version)
  return true
}

/**
 * @param {string} command
 * @param {string[]} args
 */
function run(command, args) {
  return spawnSync(command, args, { stdio: 'inherit', timeout: 600_000 }).status === 0
}
